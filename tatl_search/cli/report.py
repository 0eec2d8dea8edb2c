"""The verb that shows a sweep: report."""

from tatl_search.cli.options import SweepPath, console


def report(sweep: SweepPath) -> None:
    """Write the sweep's `report.html` and print where it is: one file, opened in a browser.

    Choose the axes, click a network (or press Enter on it in the table) for its figures, layers,
    settings and the command that picks it. Works while the sweep runs: run it again for what is
    new. The file holds everything and loads nothing, so it may be sent to others.

    ```
    tatl-search report sweeps/quickstart
    ```
    """
    from tatl_search.results.report import write_report
    from tatl_search.results.store import load_sweep
    from tatl_search.search.importance import importance_of

    results = load_sweep(sweep)
    console.print(write_report(results, importance_of(results)))
