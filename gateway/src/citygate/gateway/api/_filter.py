"""The filter of ListTransfers: AIP-160 over `state` and `network`, compared with `=`."""

from __future__ import annotations

import re

from citygate.gateway.platform import InvalidField, TransferFilter, TransferState

_RESTRICTION = re.compile(r'(state|network)\s*=\s*("?)([-_:.A-Za-z0-9]{1,64})\2')


def parse_filter(text: str) -> TransferFilter:
    """Read a filter; InvalidField says what is wanted.

    OR binds before AND (AIP-160), so a filter is groups joined by AND, each of alternatives joined by OR.
    """
    states: frozenset[TransferState] = frozenset(TransferState)
    network = ""
    for group in re.split(r"\s+AND\s+", text.strip()) if text.strip() else []:
        pairs = [_restriction(part) for part in re.split(r"\s+OR\s+", group)]
        if all(field == "state" for field, _ in pairs):
            states &= {_state(value) for _, value in pairs}
        elif len(pairs) == 1 and network in ("", pairs[0][1]):
            network = pairs[0][1]
        else:
            raise InvalidField("filter", "it can name one network, and not as an alternative")
    if not states:
        raise InvalidField("filter", "no transfer can be in all of these states; join alternatives with OR")
    return TransferFilter(frozenset() if states == frozenset(TransferState) else states, network)


def _restriction(text: str) -> tuple[str, str]:
    match = _RESTRICTION.fullmatch(text.strip())
    if match is None:
        raise InvalidField(
            "filter",
            f'{text.strip()[:80]!r} isn\'t understood; wanted is state = SETTLING or network = "eip155:1"',
        )
    return match[1], match[3]


def _state(name: str) -> TransferState:
    try:
        return TransferState[name.removeprefix("STATE_")]
    except KeyError:
        names = ", ".join(TransferState.__members__)
        raise InvalidField("filter", f"{name} is no state; there are {names}") from None
