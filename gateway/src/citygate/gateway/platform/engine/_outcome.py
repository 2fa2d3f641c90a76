"""What the answer to a call, or its failure, means for the items of its batch."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace

from citygate.adapter import AdapterError, Reason, Receipt, Refusal, State
from citygate.gateway.platform._model import Verb

from ._item import Item
from ._lane import Batch
from ._plan import Action, Step, contradiction

_FIRST_RETRY = 0.1
_LONGEST_RETRY = 30.0


def answered(batch: Batch, receipt: Receipt) -> None:
    """The call went through; `receipt` has one result for each item."""
    for (item, step), result in zip(batch, receipt.results, strict=True):
        item.busy.discard(step.network)
        if isinstance(result, Refusal):
            refused(item, step, result.reason, result.detail)
            continue
        item.solo = False
        item.reached(step.network, State(result))
        if step.action is Action.READ:
            if contradiction(item.entry.terms, item.states):
                refused(item, step, Reason.CONFLICT, "another network follows a decision unknown here")
        else:
            if item.entry.attempts:
                item.entry = replace(item.entry, attempts=0, trouble="")
            if receipt.transaction is not None:
                item.recorded(Verb(step.action.value), receipt.transaction)


def failed(batch: Batch, error: AdapterError) -> None:
    """The call failed as a whole, so one item may have spoilt it for the others."""
    eager: set[Item] = set()
    if error.reason is Reason.NOT_FINAL:
        # who waits for finality must not hold up those whose proof is ready
        eager = {item for item, step in batch if item.finalised.issuperset(_proven(item, step))}
        if len(eager) == len(batch):
            eager = set()
    for item, step in batch:
        item.busy.discard(step.network)
        if item in eager:
            continue
        if error.reason.retryable or len(batch) == 1:
            refused(item, step, error.reason, error.detail)
        else:
            item.solo = True


def refused(item: Item, step: Step, reason: Reason, detail: str) -> None:
    """One item's step failed: have it aborted where that is still possible and retrying is hopeless, else
    rest.
    """
    what = f"{step.network} didn't {step.action}: {detail}"
    lasting = not reason.retryable and reason is not Reason.ALREADY_APPLIED
    if lasting and step.outcome in (State.PREPARED, State.COMMITTED) and step.action is not Action.SETTLE:
        item.abort(what)
        return
    attempts = item.entry.attempts + 1
    delay = min(_LONGEST_RETRY, _FIRST_RETRY * 2 ** min(attempts - 1, 10))
    item.resting[step.network] = asyncio.get_running_loop().time() + delay * _jitter()
    if reason is not Reason.NOT_FINAL:
        item.states.pop(step.network, None)
    item.entry = replace(item.entry, attempts=attempts, trouble=what)


def _jitter() -> float:
    """So that what failed together isn't tried again together."""
    return random.uniform(0.5, 1)  # noqa: S311  # nothing secret depends on it


def _proven(item: Item, step: Step) -> list[str]:
    """The networks whose states the proofs of a step show."""
    return [item.decider] if step.action is Action.SETTLE else item.others
