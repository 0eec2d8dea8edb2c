"""Text of other people as part of a page of Markdown: shown as it is, never obeyed."""

import re

_MARKS = re.compile(r"[\\`*\[\]|~$]|(?<![^\W_])_|_(?![^\W_])|^[#=]|^[+-](?=[\s+-]|$)")
_NUMBERED = re.compile(r"^(\d{1,9})([.)])(?=\s|$)")
"""What makes an item of a list where it begins a line."""

_HTML = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


def as_text(text: str) -> str:
    """Return a text of which nothing is taken for Markdown or HTML, on one line."""
    marked = _MARKS.sub(lambda found: f"\\{found.group()}", " ".join(text.split()))
    marked = _NUMBERED.sub(r"\1\\\2", marked)
    return "".join(_HTML.get(letter, letter) for letter in marked)


def as_code(text: str) -> str:
    """Return a text as a span of code, whatever it holds."""
    line = " ".join(text.split())
    longest = max((len(run) for run in re.findall("`+", line)), default=0)
    fence = "`" * (longest + 1)
    inside = f" {line} " if line.startswith("`") or line.endswith("`") else line
    return f"{fence}{inside}{fence}"
