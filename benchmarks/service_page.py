"""The service's page as it looks, and what axe-core says of it.

    apt-get install chromium
    python benchmarks/service_page.py [PICTURE] [--into FOLDER]

Starts the real service and a headless Chromium, and takes the page empty, with a description, and
with an error, on a wide screen and a phone's, light and dark; then the page for programs. Writes a
PNG of each, and axe.json: how many rules hold and which don't, element by element.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import measure

sys.path.insert(0, str(measure.HERE.parent))

from image_describer import paths
from tests.support.browser import ALSO, Browser, axe_report, installed, started
from tests.support.service import Service

SCREENS = {"wide": (1280, 900), "phone": (375, 812)}
SCHEMES = ("light", "dark")


def states(page: Any, picture: Path, no_picture: Path) -> Iterator[str]:
    """Bring the page into one state after the other."""
    yield "empty"
    page.set_input_files("#picture", picture)
    page.wait_for_selector("#figure:not([hidden])")
    page.get_by_text("More about this picture").click()
    yield "described"
    page.set_input_files("#picture", no_picture)
    page.wait_for_selector("#status.trouble")
    yield "error"


def looked_at(page: Any, name: str, into: Path) -> dict[str, Any]:
    """Take a picture of the page, and what axe-core says of it."""
    page.screenshot(path=into / f"{name}.png", full_page=True)
    report = axe_report(page, *ALSO)
    broken = {rule["id"]: [node["target"] for node in rule["nodes"]]
              for rule in report["violations"]}  # fmt: skip
    print(f"{name}: {len(report['passes'])} rules hold, {len(broken)} don't")
    unclear = [rule["id"] for rule in report["incomplete"]]
    return {"hold": [rule["id"] for rule in report["passes"]], "broken": broken, "unclear": unclear}


def taken(browser: Browser, url: str, picture: Path, into: Path) -> dict[str, Any]:
    """All of it, by name."""
    no_picture = into / "notes.txt"
    no_picture.write_text("no picture")
    found = {}
    for screen, (width, height) in SCREENS.items():
        for scheme in SCHEMES:
            look = {"width": width, "height": height, "scheme": scheme, "bypass_csp": True}
            with closing(browser.open(url, **look)) as page:
                for state in states(page, picture, no_picture):
                    name = f"{screen}-{scheme}-{state}"
                    found[name] = looked_at(page, name, into)
                page.goto(f"{url}/docs")
                name = f"{screen}-{scheme}-docs"
                found[name] = looked_at(page, name, into)
    no_picture.unlink()
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description="Take pictures of the service's page.")
    parser.add_argument("picture", nargs="?", type=Path, default=measure.SAMPLE)
    parser.add_argument("--into", type=Path, default=Path(tempfile.gettempdir()) / "service-page")
    options = parser.parse_args()
    program = installed()
    if program is None:
        parser.error("chromium is missing: apt-get install chromium")
    options.into.mkdir(parents=True, exist_ok=True)
    with Service(paths.bundle_folder()) as service, started(program) as browser:
        found = taken(browser, service.url, options.picture, options.into)
    (options.into / "axe.json").write_text(json.dumps(found, indent=2) + "\n", "utf-8")
    broken = sum(len(one["broken"]) for one in found.values())
    print(f"{len(found)} looks, {broken} violations; all of it is in {options.into}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
