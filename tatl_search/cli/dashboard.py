"""The verb that opens Optuna's own view of a sweep: dashboard."""

from typing import Annotated

import typer

from tatl_search.cli.options import SweepPath, messages


def dashboard(
    sweep: SweepPath,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Where it listens; 0 takes any free one.")
    ] = 8080,
) -> None:
    """Show the study in Optuna's dashboard, on this machine only, until Ctrl-C.

    Also while the sweep runs. It only shows: what would change the study is refused.

    ```
    tatl-search dashboard sweeps/quickstart
    ```
    """
    from tatl_search.manifest import SweepFolder
    from tatl_search.search.dashboard import LOOPBACK, dashboard_server

    with dashboard_server(SweepFolder(sweep), port) as server:
        messages.print(f"look at http://{LOOPBACK}:{server.server_port}/dashboard ; Ctrl-C ends it")
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            messages.print("ended")
