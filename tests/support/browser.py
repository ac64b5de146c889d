"""A real browser without a window, and axe-core in it: for the gallery, and for whatever has pages.

Chromium comes from the system, as a user's would; Playwright only drives it.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# It must neither phone home nor touch a profile of its user's.
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
# Contrast of 7 to 1 and targets of 24 px, which axe-core only looks at when asked.
ALSO = ("color-contrast-enhanced", "target-size")
START_LIMIT_MS = 120_000
PAGE_LIMIT_MS = 60_000


class Browser:
    """One headless Chromium with an empty profile; each page has a context of its own."""

    def __init__(self, chromium: Any) -> None:
        self._chromium = chromium

    def open(
        self, url: str, width: int = 1280, height: int = 900, scheme: str = "light", **more: Any
    ) -> Any:
        """Playwright's page, loaded; ``scheme`` is "light" or "dark". Close it: `closing`."""
        context = self._chromium.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme, **more
        )
        page = context.new_page()
        page.set_default_timeout(PAGE_LIMIT_MS)
        page.on("console", lambda said: page.said.append(said.text))
        page.on("pageerror", lambda error: page.said.append(str(error)))
        page.said = []  # what the page wrote to its console: broken policies, above all
        page.on("request", lambda request: page.asked.append(request.url))
        page.asked = []  # every address that it asked for
        page.goto(url)
        return page

    def violations(self, url: str, **settings: Any) -> list[str]:
        """What axe-core has against a page: rule, element and reason, a line each."""
        with closing(self.open(url, bypass_csp=True, **settings)) as page:
            return axe_violations(page)


def axe_report(page: Any, *also: str) -> dict[str, Any]:
    """What axe-core says of a page that is open, in the state in which it is. It needs bypass_csp.

    ``also``: further rules, that axe-core leaves out unless they are named.
    """
    from axe_playwright_python.sync_playwright import Axe

    rules = {rule: {"enabled": True} for rule in also}
    found: dict[str, Any] = Axe().run(page, options={"rules": rules}).response
    assert found["passes"], "axe-core looked at nothing"
    return found


def axe_violations(page: Any, *also: str) -> list[str]:
    """What it has against the page: rule, element and reason, a line each."""
    return [
        f"{violation['id']}: {node['target']} {node['failureSummary']}"
        for violation in axe_report(page, *also)["violations"]
        for node in violation["nodes"]
    ]


@contextmanager
def started(program: str) -> Iterator[Browser]:
    """A headless Chromium."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=program, args=list(QUIET), timeout=START_LIMIT_MS
        )
        yield Browser(chromium)
        chromium.close()


def installed() -> str | None:
    """The program of the system's Chromium, where there is one."""
    return next(filter(None, map(shutil.which, NAMES)), None)


# Not for the whole session: while Playwright runs, this thread has an event loop, and no other
# test could start its own.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless Chromium. Where there is none, the test fails on CI and is skipped elsewhere."""
    program = installed()
    if program is None:
        assert "CI" not in os.environ, "chromium is missing: .ci/run installs it"
        pytest.skip("needs chromium")
    with started(program) as chromium:
        yield chromium


def address(page: Path) -> str:
    """The URL of a page on disk."""
    return page.resolve().as_uri()
