"""The command line against a served gateway: what people see, what programs get, how commands end."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import secrets
import socket
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from citygate.gateway.business import ticket_to_json
from citygate.schemas import canonical

pytestmark = pytest.mark.slow

if TYPE_CHECKING:
    from gateway.tests.conftest import Served

ALPHA, BETA = "memory:alpha", "memory:beta"
TO_BETA = ("--source", "alpha", "--sender", "alice", "--destination", "beta", "--recipient", "bob")


@dataclass(frozen=True)
class Ran:
    """How a command ended and what it said."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        return json.loads(self.out)

    def rows(self) -> dict[str, str]:
        """Names and values of a record."""
        return {line.split("  ")[0]: line.split("  ")[-1].strip() for line in self.out.splitlines()}


async def citygate(gateway: str | None, *words: str, stdin: bytes = b"", **env: str) -> Ran:
    """Run the command as a process of its own."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("CITYGATE_")}
    if gateway is not None:
        inherited["CITYGATE_GATEWAY"] = gateway
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "citygate.gateway.cli", *words),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=inherited | env,
    )
    out, err = await process.communicate(stdin)
    assert b"Traceback" not in err, err.decode()
    return Ran(process.returncode or 0, out.decode(), err.decode())


async def test_networks_as_a_table_and_as_json(served: Served) -> None:
    shown = await citygate(served.address, "network", "list")
    lines = shown.out.splitlines()
    assert shown.code == 0
    assert lines[0].split() == ["NAME", "ID", "KIND", "HEALTH", "HEIGHT", "GATE"]
    assert lines[1].split()[:4] == ["alpha", ALPHA, "memory", "serving"]
    assert lines[1].index(ALPHA) == lines[2].index(BETA) == lines[0].index("ID")
    asked = await citygate(None, "network", "list", "--json", "--gateway", served.address)
    assert [network["id"] for network in asked.data] == [ALPHA, BETA]
    assert asked.data[0]["health"]["status"] == "STATUS_SERVING"


async def test_accounts_of_one_network(served: Served) -> None:
    shown = await citygate(served.address, "account", "list", "--network", "beta")
    lines = [line.split() for line in shown.out.splitlines()]
    assert lines[0] == ["NAME", "NETWORK", "ADDRESS", "KEY"]
    assert lines[1] == ["alice", BETA, served.accounts[BETA, "alice"], "gateway"]
    assert len(lines) == 5


async def test_a_ticket_is_issued_shown_moved_and_redeemed(served: Served, tmp_path: Path) -> None:
    document: Any = ticket_to_json(served.ticket())
    file = tmp_path / "ticket.json"
    file.write_text(json.dumps(document, indent=2))
    issuing = (
        "ticket",
        "issue",
        str(file),
        "--network",
        "alpha",
        "--issuer",
        "operator",
        "--recipient",
        "alice",
    )

    dry = await citygate(served.address, *issuing, "--dry-run")
    assert (dry.code, dry.rows()["transaction"]) == (0, "nothing sent")
    issued = await citygate(served.address, *issuing, "--json")
    asset = issued.data["asset"]
    assert asset == dry.rows()["asset"] == f"{ALPHA}/asset:ticket/{document['id']}"
    assert dry.rows()["payload hash"] == hashlib.sha256(canonical(document)).hexdigest()

    created = await citygate(served.address, "transfer", "create", asset, *TO_BETA, "--wait")
    assert created.code == 0, created.err
    assert "COMMITTED" in created.out.splitlines()[-1]

    shown = await citygate(served.address, "ticket", "show", asset, "--json")
    assert shown.data["ticket"] == document
    assert shown.data["asset"]["network"] == BETA
    assert shown.data["asset"]["owner"] == served.accounts[BETA, "bob"]

    redeeming = ("ticket", "redeem", asset, "--network", "beta", "--validator", "operator")
    redeemed = await citygate(served.address, *redeeming, "--event-id", "gate-7")
    assert (redeemed.code, redeemed.rows()["result"]) == (0, "SUCCESS")
    again = await citygate(served.address, *redeeming, "--event-id", "gate-7")
    assert again.code == 0
    refused = await citygate(served.address, *redeeming, "--json")
    assert refused.code == 5
    assert json.loads(refused.err)["error"]["event_result"] == "PASSBACK"
    assert (await citygate(served.address, "ticket", "show", asset)).rows()["redeemed by"] == "gate-7"


async def test_a_ticket_that_breaks_its_schema_is_not_sent(served: Served) -> None:
    document: Any = ticket_to_json(served.ticket())
    del document["bookingRef"]
    document["status"] = "USED"
    issuing = (
        "ticket",
        "issue",
        "/dev/stdin",
        "--network",
        "alpha",
        "--issuer",
        "operator",
        "--recipient",
        "alice",
    )
    refused = await citygate(served.address, *issuing, stdin=json.dumps(document).encode())
    assert refused.code == 3
    assert '/bookingRef: found nothing, but required wants the key "bookingRef"' in refused.err
    assert '/status: found "USED", but enum wants' in refused.err
    assert refused.err.splitlines()[-1].startswith("Correct the file")
    twice = await citygate(served.address, *issuing, stdin=b'{"id": "a", "id": "b"}')
    assert (twice.code, 'the key "id" comes twice' in twice.err) == (3, True)


async def test_a_transfer_is_shown_watched_and_listed(served: Served) -> None:
    done = await served.cross(await served.issue())
    shown = (await citygate(served.address, "transfer", "show", done.id)).rows()
    assert shown["id"] == done.id
    assert shown["state"] == "COMMITTED"
    assert shown["value now"] == f"{BETA} {served.accounts[BETA, 'bob']}, free"
    watched = await citygate(served.address, "transfer", "watch", done.id, "--json")
    assert watched.code == 0
    assert [json.loads(line)["state"] for line in watched.out.splitlines()] == ["STATE_COMMITTED"]
    listed = await citygate(
        served.address, "transfer", "list", "--limit", "1", "--filter", "state = COMMITTED"
    )
    assert listed.out.splitlines()[1].split()[:2] == [done.id, "COMMITTED"]
    assert len(listed.out.splitlines()) == 2


async def test_an_aborted_transfer_ends_the_wait_with_its_code(served: Served) -> None:
    done = await served.abort(await served.issue())
    watched = await citygate(served.address, "transfer", "watch", done.id)
    assert watched.code == 7
    assert "ABORTED" in watched.out
    assert (await citygate(served.address, "transfer", "abort", done.id, "--wait")).code == 7
    assert (await citygate(served.address, "transfer", "abort", done.id)).code == 0


async def test_a_committed_transfer_is_not_aborted(served: Served) -> None:
    done = await served.cross(await served.issue())
    refused = await citygate(served.address, "transfer", "abort", done.id)
    assert refused.code == 5
    assert "is committed" in refused.err


async def test_a_request_id_stands_for_one_request(served: Served) -> None:
    request = ("--request-id", secrets.token_hex(8), "--json")
    one, other = await served.issue(), await served.issue()
    first = await citygate(served.address, "transfer", "create", one, *TO_BETA, *request)
    again = await citygate(served.address, "transfer", "create", one, *TO_BETA, *request)
    assert first.data["id"] == again.data["id"]
    refused = await citygate(served.address, "transfer", "create", other, *TO_BETA, *request)
    assert refused.code == 5
    error = json.loads(refused.err)["error"]
    assert error["reason"] == "REQUEST_ID_REUSED"
    assert error["remedy"] == "Choose another --request-id, or repeat the same request."


async def test_schemas(served: Served, tmp_path: Path) -> None:
    listed = await citygate(served.address, "schema", "list", "--json")
    assert [schema["name"] for schema in listed.data] == ["mobility/ticket/1.0.0"]
    shown = await citygate(served.address, "schema", "show", "mobility/ticket")
    assert shown.data["title"] == "Ticket"
    file = tmp_path / "payload.json"
    document: Any = ticket_to_json(served.ticket())
    file.write_text(json.dumps(document))
    valid = await citygate(served.address, "schema", "validate", str(file))
    assert (valid.code, valid.rows()["schema"]) == (0, "mobility/ticket/1.0.0")
    file.write_text(json.dumps(document | {"id": "no id", "extra": 1}))
    invalid = await citygate(served.address, "schema", "validate", str(file))
    assert invalid.code == 3
    assert [line.split()[:2] for line in invalid.out.splitlines()[1:]] == [
        ["/extra", "additionalProperties"],
        ["/id", "pattern"],
    ]
    violations = (await citygate(served.address, "schema", "validate", str(file), "--json")).data
    assert [violation["pointer"] for violation in violations] == ["/extra", "/id"]


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (["netwrk", "list"], 2, 'Did you mean "network"?'),
        (["network", "lst"], 2, 'Did you mean "list"?'),
        (["network", "list", "--jsn"], 2, "Did you mean --json?"),
        (["ticket", "issue", "x.json"], 2, "--network"),
        (["transfer", "show", "abc"], 3, "id: a transfer's id is wanted"),
        (["transfer", "show", "ab" * 32], 4, "there is no transfer"),
        (["schema", "show", "mobility/tikcet"], 4, "did you mean mobility/ticket/1.0.0?"),
        (["account", "list", "--network", "alhpa"], 4, "did you mean alpha?"),
        (["schema", "validate", "nowhere.json"], 3, "can't read nowhere.json: No such file"),
        (["serve", "--config", "nowhere.toml"], 3, "nowhere.toml: No such file"),
        (["attestor", "--config", "nowhere.toml"], 3, "nowhere.toml: No such file"),
        (["journal", "rebuild", "--config", "nowhere.toml"], 3, "nowhere.toml: No such file"),
    ],
)
async def test_an_error_says_what_was_wrong_and_what_to_do(
    served: Served, words: list[str], code: int, text: str
) -> None:
    ran = await citygate(served.address, *words)
    assert ran.code == code, ran.err
    first, *_, last = ran.err.splitlines()
    assert first.startswith("error: ")
    assert text in ran.err
    assert last.endswith(".")
    assert not ran.out


@pytest.mark.parametrize(
    "words", [["netwrk"], ["transfer", "show", "abc"], ["serve", "--config", "nowhere.toml"]]
)
async def test_an_error_says_the_same_to_programs(served: Served, words: list[str]) -> None:
    told, as_json = await asyncio.gather(
        citygate(served.address, *words), citygate(served.address, *words, "--json")
    )
    error = json.loads(as_json.err)["error"]
    assert as_json.code == told.code
    assert told.err == f"error: {error['message']}\n{error['remedy']}\n"
    assert not as_json.out


async def test_a_gateway_that_is_not_there(served: Served) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
        ran = await citygate(address, "network", "list")
    assert ran.code == 6
    assert ran.err.splitlines() == [
        f"error: no gateway answers at {address}",
        "Start one with `citygate dev` or `citygate serve`, or name another with --gateway.",
    ]


async def test_help_and_version() -> None:
    shown = await citygate(None, "--help")
    assert shown.code == 0
    for command in ("dev", "demo", "serve", "attestor", "network", "ticket", "transfer", "schema", "journal"):
        assert f" {command} " in shown.out
    assert "5 refused" in shown.out
    assert (await citygate(None, "--version")).out.strip() == "0.1.0"
