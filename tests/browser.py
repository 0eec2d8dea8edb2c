"""A real Chromium, headless, that opens pages from disk and keeps what goes wrong in them."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM = Path("/usr/bin/chromium")
TIMEOUT_MS = 240_000
"""Long enough for a busy machine: no test is about time."""

needs_chromium = pytest.mark.skipif(
    not CHROMIUM.is_file(), reason=f"needs the browser Chromium as {CHROMIUM}"
)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start Chromium; without a sandbox, as tests may run as root."""
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@contextmanager
def opened(
    browser: Browser, path: Path, scheme: Literal["light", "dark"] = "light"
) -> Iterator[Page]:
    """Open a file; at the end nothing may have failed in it, nor asked for anything else."""
    context = browser.new_context(color_scheme=scheme, viewport={"width": 1360, "height": 1000})
    context.set_default_timeout(TIMEOUT_MS)
    page = context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    page.on("request", lambda asked: _note(asked.url, path, wrong))
    page.goto(path.as_uri())
    yield page
    context.close()
    assert wrong == []


def _note(url: str, path: Path, wrong: list[str]) -> None:
    if url != path.as_uri() and not url.startswith(("data:", "blob:")):
        wrong.append(f"asked for {url}")
