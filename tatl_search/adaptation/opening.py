"""A workbench in a sweep's folder."""

from collections.abc import Callable

from tatl_search.adaptation.stages import StageStore, in_silence
from tatl_search.adaptation.workbench import Workbench
from tatl_search.config import AdaptationConfig
from tatl_search.data.sources import stored_target
from tatl_search.manifest import SweepFolder
from tatl_search.methods.checking import uses_source


def open_workbench(
    folder: SweepFolder,
    config: AdaptationConfig,
    owner: str,
    alive: Callable[[], None] = in_silence,
) -> Workbench:
    """Return a workbench on a sweep's images and stages, and on stages of the sweeps beside it.

    On the CPU, with one thread, and without estimates of latency.

    Raises:
        InputError: the data cannot be opened.
    """
    source = config.source if uses_source(config) else None
    return Workbench(
        config=config,
        target=stored_target(config.data, folder.data),
        store=StageStore(folder.stages, storage=folder.root.resolve().parent, alive=alive),
        owner=owner,
        source=stored_target(source, folder.data) if source else None,
        alive=alive,
    )
