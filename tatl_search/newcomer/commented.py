"""A search space as a YAML file for people: with comments, and with what was found."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from tatl_search.config import AdaptationConfig, SweepSettings, section_of
from tatl_search.printable import one_line
from tatl_search.space.tree import Dumper

COLUMN, WIDTH = 34, 98

ABOUT: Mapping[str, str] = {
    "sweep": "how it is searched: `tatl-search settings sweep` lists what else there is",
    "sweep.trials": "more than the budget holds",
    "sweep.budget": "ends the search; or minutes: 60",
    "sweep.start": "first trials, known to be good; then the sampler proposes",
    "start": "the first cut is made from the network as it comes, or once it is fine-tuned",
    "data": "the images: docs/own-images.md tells what becomes of them",
    "data.image_size": "input in pixels",
    "data.augment": "flip: false where left and right differ",
    "data.class_weights": "rare classes weigh more",
    "network": "any supported one of torchvision/ or timm/; weights: a path, or pretrained",
    "finetune": "of the unpruned network, once",
    "prune.rounds": "cuts to the target",
    "retrain.learning_rate_exponent": "small networks learn at higher rates",
    "prune": "how filters are chosen: `tatl-search methods`",
    "retrain": "the fine-tuning after each pruning",
    "stop": "when a trial ends",
    "stop.target_macs_share": "of the unpruned network's computation",
    "finish": "the last network of a trial is trained longer",
    "baselines": "what is simpler than pruning: candidates like all others",
}
"""Comments, by dotted path."""


SECTIONS = (*AdaptationConfig.model_fields, "sweep", "baselines", "wandb")
"""In the order in which they are written."""


def commented(raw: Mapping[str, Any], head: Sequence[str]) -> str:
    """Return the text of a file that holds some settings.

    Args:
        raw: sections of settings, right key by key.
        head: lines of the comment at its top.
    """
    top = [f"# {one_line(line)}" if line else "#" for line in head]
    lines = [line for key in sorted(raw, key=SECTIONS.index) for line in _section(key, raw[key])]
    return "\n".join((*top, *lines)) + "\n"


def _section(key: str, value: Any) -> list[str]:
    about = ["", f"# {ABOUT[key]}"] if key in ABOUT else [""]
    if not isinstance(value, Mapping) or not value or "choices" in value:
        return [*about, *_lines(f"{key}: ", value, 0)]
    model = SweepSettings if key == "sweep" else section_of(AdaptationConfig, key)
    order = list(model.model_fields) if model else []
    keys = sorted(value, key=lambda name: order.index(name) if name in order else len(order))
    inside = [_entry(f"{key}.{name}", f"  {name}: ", value[name]) for name in keys]
    return [*about, f"{key}:", *(line for lines in inside for line in lines)]


def _entry(path: str, head: str, value: Any) -> list[str]:
    first, *rest = _lines(head, value, 2)
    if path in ABOUT:
        first = f"{first:<{COLUMN}}  # {ABOUT[path]}"
    return [first, *rest]


def _lines(head: str, value: Any, indent: int) -> list[str]:
    """Return a value after what introduces it: on one line if it fits, else one line a part."""
    flow = _flow(value)
    if len(head) + len(flow) <= WIDTH or not isinstance(value, Mapping | list) or not value:
        return [head + flow]
    within = " " * (indent + 2)
    if isinstance(value, list):
        parts = [line for item in value for line in _lines(f"{within}- ", item, indent + 2)]
        return [head.rstrip(), *parts]
    pairs = [_lines(f"{within}{_flow(key)}: ", value[key], indent + 2) for key in value]
    parts = [line for lines in pairs for line in lines]
    if head.endswith("- "):
        return [head + parts[0].strip(), *parts[1:]]
    return [head.rstrip(), *parts]


def _flow(value: Any) -> str:
    """Return a value as YAML on one line."""
    text: str = yaml.dump(
        value,
        Dumper=Dumper,
        sort_keys=False,
        allow_unicode=True,
        default_flow_style=True,
        width=math.inf,
    )
    return text.removesuffix("...\n").rstrip("\n")
