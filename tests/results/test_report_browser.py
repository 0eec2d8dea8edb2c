"""The report as people use it: opened from disk in Chromium, switched, clicked, tabbed through.

Figures are those of conftest. `opened` fails where anything went wrong in the page's console or
was asked for over the network.
"""

import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tatl_search.results.importance import Importance
from tatl_search.results.report import write_report
from tests.browser import chromium, needs_chromium, opened
from tests.results.conftest import CANDIDATES, SweepWriter, baseline
from tests.results.test_front import LOG_AREA
from tests.results.test_layers import NARROW, WHOLE, store

pytestmark = needs_chromium

IMPORTANCE = Importance({"prune.rate": 1.0}, trials=12, best=0.5)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture
def report(write_sweep: SweepWriter) -> Path:
    """Return the report of a sweep that varied one setting, with the structures of two stages."""
    rows = [
        replace(row, settings=f'{{"seed": 0, "prune": {{"rate": 0.{(row.trial or 0) + 1}}}}}')
        for row in CANDIDATES
    ]
    results = write_sweep(candidates=rows, baselines=(baseline("input 24 px", 0.92, 0.30),))
    store(results, "root", WHOLE)
    store(results, "a1", NARROW)
    return write_report(results, IMPORTANCE)


def traces(page: Page) -> dict[str, Any]:
    """Return name -> x of what the picture shows, as plotly holds it."""
    script = "document.getElementById('picture').data.map(t => [t.name, Array.from(t.x)])"
    return dict(page.evaluate(script))


def pixel_of(page: Page, x: float, y: float) -> tuple[float, float]:
    """Return where a point of the picture lies in the window."""
    script = """([x, y]) => {
      const picture = document.getElementById("picture");
      const { xaxis, yaxis } = picture._fullLayout;
      const box = picture.getBoundingClientRect();
      return [box.x + xaxis._offset + xaxis.d2p(x), box.y + yaxis._offset + yaxis.d2p(y)];
    }"""
    across, down = page.evaluate(script, [x, y])
    return across, down


def test_axes_are_switched_and_the_front_with_them(browser: Browser, report: Path) -> None:
    with opened(browser, report) as page:
        assert traces(page)["front"] == [20e6, 30e6, 60e6, 100e6]
        assert traces(page)["dominated"] == [30e6, 70e6]
        page.get_by_label("across", exact=True).select_option("validation loss")
        page.get_by_label("up", exact=True).select_option("size")
        # The least loss is that of the unpruned network; every other one is smaller and worse.
        assert traces(page)["front"] == pytest.approx([0.05, 0.06, 0.08, 0.3])
        assert page.locator("#said").inner_text() == (
            "4 networks on the front of size against validation loss."
        )
        page.get_by_label("across", exact=True).select_option("MACs")
        # What is small in both is one network: the line ends there.
        assert traces(page)["front"] == [20e6]


def test_a_click_on_a_point_shows_its_card(browser: Browser, report: Path) -> None:
    with opened(browser, report) as page:
        page.mouse.move(*pixel_of(page, 60e6, 0.94))
        assert "trial 0 round 1" in page.locator("#tip").inner_text()
        assert "prune.rate: 0.1" in page.locator("#tip").inner_text()
        page.mouse.click(*pixel_of(page, 60e6, 0.94))
        card = page.locator("#card")
        assert card.locator("h3").inner_text().startswith("trial 0 round 1")
        text = card.inner_text()
        assert "94.0 (91.2-95.9) %" in text
        assert "60.0 M, 60 % of unpruned" in text
        assert "trial 2 round 1" in text  # the same network
        layers = card.locator(".layers tr")
        assert layers.all_inner_texts() == ["stem\t8 → 1\t", "deep\t8 → 1\t", "head\t10\t"]
        command = card.locator("pre").first.inner_text()
        assert command.endswith("--trial 0 --round 1 \\\n  --export my-network")
        page.get_by_text("all settings, to reproduce it").click()
        assert "seed: 0\nprune:\n  rate: 0.1\n" in card.locator("#reproduce pre").inner_text()


def test_what_is_dominated_names_what_is_better(browser: Browser, report: Path) -> None:
    with opened(browser, report) as page:
        page.mouse.click(*pixel_of(page, 70e6, 0.93))
        card = page.locator("#card")
        assert "Its structure is not stored." in card.inner_text()
        card.get_by_role("button", name="trial 0 round 1").click()
        assert card.locator("h3").inner_text().startswith("trial 0 round 1")


def test_the_keyboard_reaches_every_network(browser: Browser, report: Path) -> None:
    with opened(browser, report) as page:
        button = page.locator("#networks").get_by_role("button", name="trial 1 round 2")
        button.focus()
        page.keyboard.press("Enter")
        heading = page.locator("#card h3")
        assert heading.inner_text().startswith("trial 1 round 2")
        assert page.evaluate("document.activeElement.textContent").startswith("trial 1 round 2")
        page.keyboard.press("Tab")  # to the rounds of its trial
        page.keyboard.press("Enter")
        assert heading.inner_text().startswith("unpruned")
        page.keyboard.press("Escape")
        assert page.evaluate("document.activeElement.textContent") == "trial 1 round 2"
        page.get_by_label("trial", exact=True).fill("1")
        page.get_by_label("round", exact=True).fill("1")
        page.keyboard.press("Enter")
        assert heading.inner_text().startswith("trial 1 round 1")


def test_trajectories_are_switched(browser: Browser, report: Path) -> None:
    with opened(browser, report) as page:
        whole = [100e6, 60e6, 30e6, None, 100e6, 70e6, 20e6, None, 100e6, 60e6]
        assert traces(page)["trajectories"] == whole
        page.get_by_label("trajectories of trials").uncheck()
        assert traces(page)["trajectories"] == []


def test_growth_and_layers_are_drawn_when_seen(browser: Browser, report: Path) -> None:
    with opened(browser, report) as page:
        page.locator("#heat").scroll_into_view_if_needed()
        page.wait_for_function("document.getElementById('heat').data !== undefined")
        kept, names = page.evaluate("[heat.data[0].z.map(z => Array.from(z)), heat.data[0].x]")
        assert (kept, names) == ([[1, 1], [0.125, 1]], ["stem", "head"])
        assert "2 networks are left out" in page.locator("#layers-note").inner_text()
        curves = page.evaluate("curves.data.map(t => [t.name, t.x.at(-1), t.y.at(-1)])")
        assert [name for name, *_ in curves] == 3 * ["log area", "area", "hypervolume"]
        assert [x for _, x, _ in curves[:6]] == pytest.approx(3 * [7000] + 3 * [3100])
        # As in conftest, but for the baseline: 0.92 at a share of 0.3.
        log_area = LOG_AREA + 0.02 * math.log(2) / math.log(100)
        worth = [log_area, 0.722 / 0.9, 0.722]
        assert [y for *_, y in curves] == pytest.approx(3 * worth, rel=1e-5)


def test_an_empty_sweep_has_a_page(browser: Browser, write_sweep: SweepWriter) -> None:
    with opened(browser, write_report(write_sweep(candidates=()), IMPORTANCE)) as page:
        assert "0 networks on the front" in page.locator("#said").inner_text()
        page.locator("#environment").scroll_into_view_if_needed()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_in_both_schemes(browser: Browser, report: Path, scheme: Any) -> None:
    """WCAG's AA: 4.5 to 1 for text, 3 to 1 for marks that carry meaning."""
    with opened(browser, report, scheme) as page:
        for name, least in (
            ("ink", 4.5), ("muted", 4.5), ("infeasible", 4.5), ("front", 3.0), ("knee", 3.0),
        ):  # fmt: skip
            for ground in ("ground", "panel"):
                assert contrast(page, name, ground) >= least, (name, ground)
        lit = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert lit == ("rgb(255, 255, 255)" if scheme == "light" else "rgb(20, 23, 26)")


def contrast(page: Page, one: str, other: str) -> float:
    """Return the contrast of two of the page's colours (WCAG 2.2)."""
    low, high = sorted(luminance(page.evaluate("colour", name)) for name in (one, other))
    return (high + 0.05) / (low + 0.05)


def luminance(colour: str) -> float:
    """Return the relative luminance of `#rrggbb` (WCAG 2.2)."""
    shares = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
