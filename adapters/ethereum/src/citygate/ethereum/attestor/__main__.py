"""`python -m citygate.ethereum.attestor`: an attestor from the command line."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys

from citygate.adapter import AdapterError

from ._serve import serve


def _options() -> dict[str, object]:
    parser = argparse.ArgumentParser(
        prog="citygate.ethereum.attestor", description="Sign final block headers."
    )
    parser.add_argument("--network", required=True, help="CAIP-2 name, such as eip155:1")
    parser.add_argument("--node", required=True, help="URL of this attestor's own node")
    parser.add_argument("--listen", required=True, help="host:port")
    parser.add_argument("--key-file", required=True, help="private key: 64 hex digits, or a keystore")
    parser.add_argument("--password-file", help="the keystore's password")
    parser.add_argument("--signed-file", required=True, help="remembers what was signed")
    parser.add_argument("--finality", default="finalized", help="'finalized' or a number of confirmations")
    arguments = {name: value for name, value in vars(parser.parse_args()).items() if value is not None}
    if arguments["finality"].isdecimal():
        arguments["finality"] = int(arguments["finality"])
    return arguments


async def _until_told() -> None:
    task = asyncio.ensure_future(serve(_options()))
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    try:
        await task
    except asyncio.CancelledError:
        return


def _main() -> int:
    try:
        asyncio.run(_until_told())
    except (ValueError, AdapterError) as error:
        sys.stderr.write(f"attestor: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(_main())
