"""A workbench in a sweep's folder."""

from collections.abc import Callable

from tatl_search.adaptation.sharing import Elsewhere
from tatl_search.adaptation.stages import StageStore, in_silence
from tatl_search.adaptation.workbench import Workbench
from tatl_search.config import AdaptationConfig, DataSettings
from tatl_search.data.once import sole_maker
from tatl_search.data.sources import packed_name, stored_target
from tatl_search.data.target import TargetData
from tatl_search.manifest import SweepFolder
from tatl_search.methods.checking import uses_source
from tatl_search.remote.mirror import Mirror


def open_workbench(
    folder: SweepFolder,
    config: AdaptationConfig,
    owner: str,
    mirror: Mirror | None,
    alive: Callable[[], None] = in_silence,
) -> Workbench:
    """Return a workbench on a sweep's images and stages, and on stages of the sweeps beside it.

    On the CPU, with one thread, and without estimates of latency.

    Args:
        folder: the sweep's.
        config: what is adapted, and how.
        owner: who pays for the stages that this is the first to ask for.
        mirror: ties the folder to the sweep's URI; null for a sweep that has none.
        alive: called as a sign of life.

    Raises:
        InputError: the data cannot be opened.
    """
    source = config.source if uses_source(config) else None
    return Workbench(
        config=config,
        target=open_images(config.data, folder, mirror),
        store=open_store(folder, mirror, alive),
        owner=owner,
        source=open_images(source, folder, mirror) if source else None,
        alive=alive,
    )


def open_store(
    folder: SweepFolder, mirror: Mirror | None, alive: Callable[[], None] = in_silence
) -> StageStore:
    """Return a sweep's stages: those here, behind its URI, and of the sweeps beside it."""
    return StageStore(
        folder.stages,
        storage=folder.root.resolve().parent,
        alive=alive,
        elsewhere=None if mirror is None else Elsewhere(mirror, folder.stages),
    )


def open_images(settings: DataSettings, folder: SweepFolder, mirror: Mirror | None) -> TargetData:
    """Open a task's images; what the driver has packed is brought down once a machine.

    Raises:
        InputError: they cannot be opened.
    """
    path = folder.data / packed_name(settings)
    if mirror is not None and not path.exists():
        with sole_maker(path):
            if not path.exists():
                mirror.bring(path)
    return stored_target(settings, folder.data)
