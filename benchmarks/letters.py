"""Letters and digits of free fonts as a tree of images: 62 classes, 20 training fonts.

Drawn from Debian's font packages (`letters_fonts.txt`); whoever learns the letters of some fonts
is asked to read those of others. A seed chooses which fonts train and which validate. Those that
judge are the same for every seed and serve nothing else, so that nothing can be tuned on them.

    python -m benchmarks.letters sweeps/letters-0 --seed 0
"""

import argparse
import shlex
import string
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from tatl_search.errors import InputError

SHARED = Path("/usr/share")
LIST = Path(__file__).parent / "letters_fonts.txt"
CHARACTERS = string.ascii_uppercase + string.ascii_lowercase + string.digits
SIDE = 64
HEIGHT = 44
"""Size of the font in pixels: capitals are about two thirds as high."""

BASELINE = 46
TRAINING_FONTS = 20
VALIDATION_FONTS = 16


@dataclass(frozen=True)
class Font:
    """A font of a package.

    Attributes:
        package: of Debian.
        path: of its file.
    """

    package: str
    path: Path


def fonts(shared: Path = SHARED) -> list[Font]:
    """Return all fonts of the list.

    Raises:
        InputError: some are not installed; the message is the command that installs them.
    """
    lines = [line.split(None, 1) for line in LIST.read_text(encoding="utf-8").splitlines()]
    found = [Font(line[0], shared / line[1]) for line in lines if line[0] != "#"]
    missing = dict.fromkeys(font.package for font in found if not font.path.is_file())
    if missing:
        raise InputError(
            f"the fonts of these letters are not all here; on Debian 12: apt-get install"
            f" --no-install-recommends {shlex.join(missing)}"
        )
    return found


def shared_out(found: Sequence[Font], seed: int) -> dict[str, list[Font]]:
    """Return which fonts train, validate and judge: `train`, `val` and `test`."""
    learnt_from = found[::2]
    drawn = np.random.default_rng(seed).permutation(len(learnt_from))
    order = [learnt_from[at] for at in drawn]
    return {
        "train": order[:TRAINING_FONTS],
        "val": order[TRAINING_FONTS : TRAINING_FONTS + VALIDATION_FONTS],
        "test": list(found[1::2]),
    }


def draw(folder: Path, seed: int) -> None:
    """Draw the images into a folder, whole or not at all: `<split>/<class>/<font>.png`.

    Raises:
        InputError: fonts are not installed.
    """
    shares = shared_out(fonts(), seed)
    partial = folder.with_name(f"{folder.name}.partial")
    for split, chosen in shares.items():
        for font in chosen:
            face = ImageFont.truetype(str(font.path), HEIGHT)
            for character in CHARACTERS:
                place = partial / split / class_name(character)
                place.mkdir(parents=True, exist_ok=True)
                glyph(face, character).save(place / f"{font.path.stem}.png")
    partial.rename(folder)


def class_name(character: str) -> str:
    """Return the folder of a character; no two differ in capitals alone."""
    if character.isdigit():
        return f"digit-{character}"
    return f"{'capital' if character.isupper() else 'small'}-{character.lower()}"


def glyph(face: ImageFont.FreeTypeFont, character: str) -> Image.Image:
    """Return a character, black on white, centred on the common baseline."""
    image = Image.new("L", (SIDE, SIDE), 255)
    place = (SIDE // 2, BASELINE)
    ImageDraw.Draw(image).text(place, character, font=face, fill=0, anchor="ms")
    return image


def main() -> None:
    """Draw the images of a seed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    draw(options.folder, options.seed)


if __name__ == "__main__":
    main()
