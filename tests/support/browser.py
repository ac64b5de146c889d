"""A headless Chromium with axe-core, for tests of HTML pages.

Playwright drives the system's Chromium; it does not bring its own.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# No background requests.
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
# Contrast of 7 to 1 and targets of 24 px: axe-core checks them only on request.
EXTRA_RULES = ("color-contrast-enhanced", "target-size")
START_LIMIT_MS = 120_000
PAGE_LIMIT_MS = 60_000


class Browser:
    """A headless Chromium with an empty profile; each page has its own context."""

    def __init__(self, chromium: Any) -> None:
        self._chromium = chromium

    def open(
        self, url: str, width: int = 1280, height: int = 900, scheme: str = "light", **more: Any
    ) -> Any:
        """Return a loaded Playwright page, which the caller closes.

        ``scheme`` is "light" or "dark". ``page.console`` collects console messages, and
        ``page.requests`` the requested URLs.
        """
        context = self._chromium.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme, **more
        )
        page = context.new_page()
        page.set_default_timeout(PAGE_LIMIT_MS)
        page.console, page.requests = [], []
        page.on("console", lambda message: page.console.append(message.text))
        page.on("pageerror", lambda error: page.console.append(str(error)))
        page.on("request", lambda request: page.requests.append(request.url))
        page.goto(url)
        return page

    def violations(self, url: str, **settings: Any) -> list[str]:
        """Return axe-core's violations of a page, one line each: rule, element and reason."""
        with closing(self.open(url, bypass_csp=True, **settings)) as page:
            return axe_violations(page)


def axe_report(page: Any, *extra_rules: str) -> dict[str, Any]:
    """Return axe-core's report on an open page in its current state.

    The page must be opened with bypass_csp. ``extra_rules`` are off by default in axe-core.
    """
    from axe_playwright_python.sync_playwright import Axe

    rules = {rule: {"enabled": True} for rule in extra_rules}
    found: dict[str, Any] = Axe().run(page, options={"rules": rules}).response
    assert found["passes"], "axe-core checked nothing"
    return found


def axe_violations(page: Any, *extra_rules: str) -> list[str]:
    """Return axe-core's violations, one line each: rule, element and reason."""
    return [
        f"{violation['id']}: {node['target']} {node['failureSummary']}"
        for violation in axe_report(page, *extra_rules)["violations"]
        for node in violation["nodes"]
    ]


@contextmanager
def started(program: str) -> Iterator[Browser]:
    """A headless Chromium."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=program, args=list(ARGUMENTS), timeout=START_LIMIT_MS
        )
        yield Browser(chromium)
        chromium.close()


def installed() -> str | None:
    """Return the path of the system's Chromium, or None."""
    return next(filter(None, map(shutil.which, NAMES)), None)


# Module scope: while Playwright runs, this thread has an event loop, so that no test could start
# another one.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless Chromium. Without one, tests fail on CI and are skipped elsewhere."""
    program = installed()
    if program is None:
        assert "CI" not in os.environ, "chromium is missing: .ci/run installs it"
        pytest.skip("needs chromium")
    with started(program) as chromium:
        yield chromium


def address(page: Path) -> str:
    """The URL of a page on disk."""
    return page.resolve().as_uri()
