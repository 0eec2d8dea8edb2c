"""A sweep's folder: made, checked and described before anything runs in it."""

import json
import math
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from tatl_search.adaptation.stages import CODE_VERSION
from tatl_search.config import NAMED_WEIGHTS, AdaptationConfig, SweepSettings
from tatl_search.errors import InputError
from tatl_search.figures import LATENCY_MS
from tatl_search.files import storage_errors, write_durably
from tatl_search.manifest import SweepFolder, SweepManifest, check_new
from tatl_search.nets.latency import LatencyTable, estimate
from tatl_search.paths import likely_path, user_path
from tatl_search.search.preflight import (
    NetworkCheck,
    baseline_times,
    check_networks,
    reference_costs,
)
from tatl_search.search.start import check_named, check_start
from tatl_search.space import SearchSpace

_TABLES = TypeAdapter(dict[str, LatencyTable])


@dataclass(frozen=True)
class LatencyTables:
    """Per-layer times of every network a sweep can choose, measured before it starts.

    Attributes:
        by_network: `<network>@<image size>` -> table.
    """

    by_network: Mapping[str, LatencyTable]

    def of(self, config: AdaptationConfig) -> LatencyTable | None:
        """Return the table of an adaptation's network; null for one that was not measured."""
        return self.by_network.get(_network_key(config))

    def beside(self, others: Mapping[AdaptationConfig, LatencyTable]) -> "LatencyTables":
        """Return these tables with those of further networks; what is known stays as it is."""
        further = {_network_key(config): table for config, table in others.items()}
        return LatencyTables({**further, **self.by_network})

    @classmethod
    def read(cls, folder: SweepFolder) -> "LatencyTables":
        """Read what `prepare` measured; empty where it is missing.

        Raises:
            InputError: the file is damaged.
        """
        if not folder.latency.is_file():
            return cls({})
        try:
            return cls.read_file(folder.latency)
        except InputError as error:
            raise InputError(f"{error}; delete it to go on without estimates of latency") from error

    @classmethod
    def read_file(cls, path: Path) -> "LatencyTables":
        """Read what `latency --table` wrote.

        Raises:
            InputError: the file is missing or damaged.
        """
        try:
            tables = _TABLES.validate_json(path.read_bytes())
        except OSError as error:
            raise InputError(f"{path} cannot be read: {error.strerror}") from error
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(map(str, first["loc"]))
            raise InputError(f"{path} is damaged ({place}: {first['msg']})") from error
        for name, table in tables.items():
            times = {**table.layer_ms, "rest_ms": table.rest_ms}
            if wrong := [layer for layer, ms in times.items() if not 0.0 <= ms < math.inf]:
                raise InputError(
                    f"{path} is damaged ({name}: {wrong[0]} takes {times[wrong[0]]} ms)"
                )
            if table.threads < 1 or min(table.layer_macs.values(), default=0) < 0:
                raise InputError(f"{path} is damaged ({name}: threads or MACs below their least)")
        return cls(tables)

    def to_dict(self) -> dict[str, Any]:
        """Return the tables as JSON values, as `write` keeps them."""
        return {name: asdict(table) for name, table in self.by_network.items()}

    def write(self, path: Path) -> None:
        """Keep the tables in a file.

        Raises:
            StorageError: it cannot be written.
        """
        raw = self.to_dict()
        with storage_errors(path, "Nothing was written; choose another place."):
            write_durably(path, json.dumps(raw, indent=1).encode())


@contextmanager
def new_folder(folder: Path) -> Iterator[None]:
    """Make the folder of a sweep; take it away again if the sweep cannot be prepared.

    Raises:
        InputError: it exists already or cannot be made.
        StorageError: it cannot be written.
    """
    check_new(folder)
    missing = [place for place in (folder, *folder.parents) if not place.exists()]
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        _take_away(missing)
        raise InputError(f"{folder} cannot be made: {error.strerror}") from error
    try:
        with storage_errors(folder, "Nothing was started; free or mend the storage first."):
            yield
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        _take_away(missing)
        raise


def _take_away(made: Iterable[Path]) -> None:
    """Remove folders, the innermost first, that are there and empty."""
    for folder in made:
        with suppress(OSError):
            folder.rmdir()


def prepare(
    space: SearchSpace,
    sweep: SweepSettings,
    folder: SweepFolder,
    root_threads: int,
    settle: Callable[[Sequence[NetworkCheck]], SweepSettings] | None = None,
    uri: str | None = None,
) -> LatencyTables:
    """Check what a space can choose and write what the sweep is; the manifest comes last.

    Args:
        space: what is searched.
        sweep: how the sweep runs.
        folder: the sweep's.
        root_threads: torch threads of the first fine-tuning.
        settle: gives the settings of the sweep once its networks are known, where some are to be
            measured; null where none are.
        uri: where the sweep also lies, for other machines; null for nowhere.

    Raises:
        InputError: the data, a network or the settings cannot be used.
    """
    checks, tables = checked(space, sweep, folder.data, sweep.cpus_per_trial)
    tables.write(folder.latency)
    if settle is not None:
        sweep = settle(checks)
    manifest = SweepManifest(
        name=folder.root.resolve().name,
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        sweep=SweepSettings.model_validate(absolute_paths(sweep.model_dump(mode="json"))),
        space=absolute_paths(space.raw),
        reference={**reference_costs(checks), LATENCY_MS: _unpruned_ms(checks, tables)},
        code_version=CODE_VERSION,
        root_threads=root_threads,
        uri=uri,
    )
    write_durably(folder.manifest, manifest.to_yaml().encode())
    return tables


def _unpruned_ms(checks: Iterable[NetworkCheck], tables: LatencyTables) -> float:
    """Return the greatest estimated latency of an unpruned network."""
    return max(
        estimate(table, check.latency.layer_macs)
        for check in checks
        if (table := tables.of(check.config)) is not None
    )


def checked(
    space: SearchSpace, sweep: SweepSettings, cache: Path, threads: int
) -> tuple[list[NetworkCheck], LatencyTables]:
    """Check all that can be checked before a sweep runs; a dry run asks for the same.

    Args:
        space: what is searched.
        sweep: how the sweep runs.
        cache: where decoded images are kept.
        threads: torch threads of a trial.

    Returns:
        The networks, and the times of their layers, measured or given.

    Raises:
        InputError: the data, a network or the settings cannot be used.
    """
    check_start(sweep.start)
    check_named(space)
    checks = check_networks(space, cache, threads)
    tables = tables_of(checks)
    if sweep.latency_table is not None:
        tables = _given_tables(user_path(sweep.latency_table, "sweep.latency_table"), tables)
    elif LATENCY_MS in sweep.objectives:  # baselines are judged by it as well
        classes = len(checks[0].target.class_names)
        tables = tables.beside(baseline_times(space, classes, threads))
    return checks, tables


def tables_of(checks: Iterable[NetworkCheck]) -> LatencyTables:
    """Return the tables that were measured when networks were checked."""
    return LatencyTables({_network_key(check.config): check.latency for check in checks})


def _given_tables(path: Path, measured: LatencyTables) -> LatencyTables:
    """Return tables of a file for the same networks and layers as those measured here."""
    given = LatencyTables.read_file(path).by_network
    for name, here in measured.by_network.items():
        if name not in given or given[name].layer_ms.keys() != here.layer_ms.keys():
            raise InputError(
                f"sweep.latency_table: {path} holds no times of the layers of {name}; measure"
                " them: tatl-search latency --table SPACE.yaml"
            )
    return LatencyTables({name: given[name] for name in measured.by_network})


def absolute_paths(raw: Any) -> Any:
    """Return settings whose paths mean the same in every process and after a resume elsewhere."""
    if isinstance(raw, list):
        return [absolute_paths(entry) for entry in raw]
    if not isinstance(raw, Mapping):
        return raw
    return {
        key: _absolute(value) if key in ("path", "weights", "sweeps") else absolute_paths(value)
        for key, value in raw.items()
    }


def _absolute(value: Any) -> Any:
    if isinstance(value, str):
        # A folder may happen to be called `pretrained`.
        return value if value in NAMED_WEIGHTS else _resolved(value)
    if isinstance(value, list):
        return [_absolute(entry) for entry in value]
    if isinstance(value, Mapping):
        return {key: _absolute(entry) for key, entry in value.items()}
    return value  # null, or a plug-in's setting that is no path but is called like one


def _resolved(text: str) -> str:
    path = likely_path(text)
    return str(path.resolve()) if path.exists() else text


def _network_key(config: AdaptationConfig) -> str:
    return f"{config.network.label}@{config.data.image_size}"
