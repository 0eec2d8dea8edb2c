"""The verb that tells the bias of selection: judge."""

from pathlib import Path
from typing import Annotated

import typer

from tatl_search.cli.options import AsJson, console, messages, path_of, print_json
from tatl_search.errors import RunError


def judge(
    sweeps: Annotated[
        list[Path],
        typer.Argument(metavar="SWEEP...", help="Sweeps' folders.", parser=path_of("SWEEP")),
    ],
    as_json: AsJson = False,
) -> None:
    """Measure a finished sweep's front on the test split, which no search saw.

    A front is chosen among many networks on the validation images, so its figures are partly luck:
    validation minus test is the bias of selection. Every network of the front, the unpruned one
    and the baselines are measured once; what was judged before is not measured again. The opening
    of the test split is logged, and a repeat warns: choose first, then judge. `front`, `report` and
    `compare` show what was found.

    ```
    tatl-search judge sweeps/quickstart
    tatl-search judge sweeps/tpe-0 sweeps/tpe-1 sweeps/random-0 sweeps/random-1
    ```
    """
    from tatl_search.results.front_json import front_json
    from tatl_search.results.store import load_sweep
    from tatl_search.results.table import front_table
    from tatl_search.search.judging import check_judgeable
    from tatl_search.search.judging import judge as judge_sweep

    found = [load_sweep(sweep) for sweep in sweeps]
    for results in found:
        check_judgeable(results)  # before the test split of any is opened
    failures = []
    for results in found:
        name = results.manifest.name
        failures += [f"{name}, {why}" for why in judge_sweep(results, messages.print)]
    judged = [load_sweep(sweep) for sweep in sweeps]
    if as_json:
        print_json([front_json(results, all_candidates=False) for results in judged])
    else:
        console.print(*map(front_table, judged), sep="\n\n")
    if failures:
        raise RunError("not judged: " + "; ".join(failures))
