"""The commands by name; each is imported when it runs."""

from __future__ import annotations

import sys
from importlib import metadata

from cyclopts import App, CycloptsError, Parameter

from ._exit import CommandError, Exit
from ._output import Output

_HERE = "citygate.gateway.cli"
_COMMANDS = {
    "dev": ("_development:run_dev", "Run the development network and its gateway until it is stopped."),
    "demo": ("_development:run_demo", "Take the tour on real ledgers; exit 0 only if everything held."),
    "serve": ("_serve:serve", "Serve the API of a configured gateway."),
    "attestor": ("_serve:attestor", "Sign final block headers of one network, and nothing else."),
    "network list": ("_network:list_networks", "The connected networks and how they are."),
    "account list": ("_network:list_accounts", "The accounts that the gateway knows by name."),
    "ticket issue": ("_ticket:issue", "Put a ticket on a network."),
    "ticket show": ("_ticket:show", "A ticket, where it is and who has it."),
    "ticket redeem": ("_ticket:redeem", "Use a ticket up."),
    "transfer create": ("_transfer:create", "Move an asset from one network to another."),
    "transfer show": ("_transfer:show", "A transfer and what has come of it."),
    "transfer watch": ("_transfer:watch", "Each change of a transfer, until it is final."),
    "transfer list": ("_transfer:list_transfers", "Transfers, the newest first."),
    "transfer abort": ("_transfer:abort", "Ask for the decision to abort."),
    "schema list": ("_schema:list_schemas", "The shared schemas."),
    "schema show": ("_schema:show", "One schema."),
    "schema validate": ("_schema:validate", "Hold a payload against its schema."),
    "journal rebuild": ("_serve:rebuild", "Read a lost journal back from the gates."),
}
_GROUPS = {
    "network": "Networks.",
    "account": "Accounts.",
    "ticket": "Tickets.",
    "transfer": "Transfers between ledgers.",
    "schema": "The canonical data model.",
    "journal": "The gateway's index of transfers.",
}


def app() -> App:
    """The command line."""
    root = App(
        name="citygate",
        help="CityGate lets ledgers act together: what happens on several happens on all of them or on none.",
        help_epilogue=f"Exit codes: {', '.join(f'{e.value} {e.name.lower()}' for e in Exit)}.",
        version=lambda: metadata.version("citygate-gateway"),
        # Flags have no opposite, and an empty text is no default worth showing.
        default_parameter=Parameter(negative=(), show_default=lambda value: value or None),
        exit_on_error=False,
        print_error=False,
        result_action="return_value",
    )
    groups = {name: App(name=name, help=text) for name, text in _GROUPS.items()}
    for group in groups.values():
        root.command(group)
    for path, (target, text) in _COMMANDS.items():
        *group, name = path.split()
        parent = groups[group[0]] if group else root
        parent.command(f"{_HERE}.{target}", name=name, help=text)
    return root


def main(arguments: list[str] | None = None) -> None:
    """Run one command and exit with its code."""
    words = sys.argv[1:] if arguments is None else arguments
    try:
        code = app()(words)
    except CycloptsError as error:
        fault = CommandError(
            Exit.USAGE, str(error), "`citygate --help` shows the commands, `--help` after one its options."
        )
        Output("--json" in words).error(fault)
        code = Exit.USAGE
    except KeyboardInterrupt:
        code = Exit.INTERRUPTED
    sys.exit(code)
