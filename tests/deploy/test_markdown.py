"""Names of other people in pages: seen as they are, never obeyed."""

import pytest
from markdown_it import MarkdownIt

from tatl_search.deploy.markdown import as_code, as_text

NAMES = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "a & b &lt; c",
    "*bold* _slanted_ `code` ~~gone~~",
    "[link](javascript:alert(1))",
    "![picture](http://tracker)",
    "back\\slash | pipe",
    "red_panda",
    "# heading",
    "- item",
    "+ item",
    "1. item",
    "123456) item",
    "---",
    "$x^2$ of mathematics",
    "猫 café",
]


@pytest.mark.parametrize("name", NAMES)
def test_names_are_shown_as_they_are(name: str) -> None:
    page = MarkdownIt("commonmark").enable("table").enable("strikethrough")
    table = f"| a | b |\n| --- | --- |\n| {as_text(name)} | 1 |\n"
    for text in (f"- {as_text(name)}", table, as_code(name)):
        inline = [token for token in page.parse(text) if token.type == "inline"]
        parts = [part for token in inline for part in token.children or []]
        assert {part.type for part in parts} <= {"text", "text_special", "code_inline"}
        assert name in ["".join(part.content for part in token.children or []) for token in inline]


def test_lines_become_one() -> None:
    assert as_text("a\n\n# b") == "a # b"
    assert as_code("a\nb") == "`a b`"
    assert as_code("``a`") == "``` ``a` ```"
