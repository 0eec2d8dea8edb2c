"""The command line: thin verbs over the product."""

import sys

from tatl_search.errors import InputError, TatlError
from tatl_search.printable import printable
from tatl_search.redact import without_credentials


def main() -> None:
    """Run the command line; exit with 2 for bad input and 1 for a failure, without a traceback.

    An error of the operating system is the surroundings' and not the program's: a line says it.
    Credentials in an address that somebody gave are not repeated: such lines end up in logs. Nor
    are codes that a terminal obeys, which names and files from elsewhere may hold.
    """
    from tatl_search.cli.app import app

    try:
        app(prog_name="tatl-search")
    except (TatlError, OSError) as error:
        print(f"tatl-search: {printable(without_credentials(str(error)))}", file=sys.stderr)  # noqa: T201
        sys.exit(2 if isinstance(error, InputError) else 1)
