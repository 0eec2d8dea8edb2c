"""The verb that tells luck from merit: confirm."""

from typing import Annotated

import typer

from tatl_search.cli.options import Address, AsJson, SweepPath, console, messages, print_json
from tatl_search.errors import RunError


def confirm(
    sweep: SweepPath,
    seeds: Annotated[int, typer.Option(min=1, help="Fresh seeds to run each from.")] = 3,
    address: Address = None,
    as_json: AsJson = False,
) -> None:
    """Run the front's settings again from fresh seeds and show mean and spread beside it.

    A front is chosen among many networks, so its figures are partly luck. Each seed has a first
    fine-tuning of its own. What was run before is not run again; the front stays as it is.

    ```
    tatl-search confirm sweeps/quickstart --seeds 3
    ```
    """
    from tatl_search.cli.training import TrainingDisplay
    from tatl_search.results.confirmation import confirmation_json, confirmation_table
    from tatl_search.results.store import load_sweep
    from tatl_search.search.confirm import confirm as run_again

    with TrainingDisplay(messages) as display:
        failures = run_again(sweep, seeds, messages.print, address, display.hear)
    results = load_sweep(sweep)
    print_json(confirmation_json(results)) if as_json else console.print(
        confirmation_table(results)
    )
    if failures:
        raise RunError("not computed: " + "; ".join(failures))
