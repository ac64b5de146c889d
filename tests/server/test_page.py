"""The service's web page in a real browser with a real service."""

import base64
import contextlib
import html
import re
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psutil
import pytest

from image_describer import Describer
from image_describer.errors import PictureError
from image_describer.imaging.open import open_picture
from image_describer.library.exporters import gallery_style
from image_describer.metadata.formats import PICTURE_SUFFIXES
from image_describer.server import page as page_module
from image_describer.server.config import ServerConfig
from image_describer.text import percent
from image_describer.wording.details import what_is_where
from image_describer.wording.record import to_record
from tests.support import tiny
from tests.support.browser import EXTRA_RULES, Browser, axe_violations, browser  # noqa: F401
from tests.support.pictures import page_of_text, photograph, with_text
from tests.support.screen import wait_for
from tests.support.service import Service

pytestmark = pytest.mark.browser

CAT = tiny.REPO / "assets" / "samples" / "cat.jpg"
TOKEN = "letters-and-0123456789-digits-in-one"
MIN_TARGET_PX = 44
WAIT_LIMIT_MS = 60_000
# Collects the texts of both live regions in window.announced.
LISTEN = """() => {
  window.announced = [];
  for (const region of document.querySelectorAll("[role=status]"))
    new MutationObserver(() => region.textContent && announced.push(region.textContent))
      .observe(region, {childList: true, characterData: true, subtree: true});
}"""
DROP = """([name, type, content, target]) => {
  const bytes = Uint8Array.from(atob(content), (char) => char.charCodeAt(0));
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File([bytes], name, {type}));
  for (const kind of ["dragenter", "dragover", "drop"])
    document.querySelector(target).dispatchEvent(
      new DragEvent(kind, {dataTransfer, bubbles: true, cancelable: true}));
}"""
COPY_PICTURE = """async (content) => {
  const bytes = Uint8Array.from(atob(content), (char) => char.charCodeAt(0));
  const blob = new Blob([bytes], {type: "image/png"});
  await navigator.clipboard.write([new ClipboardItem({"image/png": blob})]);
}"""
XMP = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
    'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" '
    'xmlns:a="http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/" a:AltTextAccessibility="{}"/>'
    "</rdf:RDF></x:xmpmeta>"
)
SMALL = """(min) =>
  [...document.querySelectorAll("main :is(button, input, select, summary)")]
    .map((e) => [e.id || e.tagName, e.labels?.[0]?.closest(".check") ?? e])
    .map(([name, e]) => [name, e.getBoundingClientRect()])
    .filter(([, box]) => box.height && (box.height < min || box.width < min))
    .map(([name]) => name)"""
TAB_STOPS = ["picture", "hear", "stop", "copy", "SUMMARY", "speak", "speed", "A"]


@pytest.fixture(scope="module")
def service(shipped_bundle: Path) -> Iterator[Service]:
    """A service that processes one request at a time, of at most 1 MB."""
    limits = ("--max-in-flight", "1", "--max-body", "1", "--time-limit", "600")
    with Service(shipped_bundle, "--workers", "1", *limits) as started:
        wait_for_health(started)
        yield started


@pytest.fixture(scope="module")
def expected(shipped_bundle: Path) -> dict[str, Any]:
    """The record of CAT, as `describe --json` prints it."""
    return to_record(Describer(shipped_bundle).describe(CAT))


@pytest.fixture
def page(browser: Browser, service: Service) -> Iterator[Any]:  # noqa: F811
    """The page, freshly opened. Its ``announced`` has the live regions' texts."""
    with opened(browser, service) as page:
        yield page


@contextlib.contextmanager
def opened(browser: Browser, service: Service, **settings: Any) -> Iterator[Any]:  # noqa: F811
    with closing(browser.open(service.url, **settings)) as page:
        page.set_default_timeout(WAIT_LIMIT_MS)
        # Playwright intercepts file choosers once there is a listener, but not always in time for a
        # key press that follows at once.
        page.on("filechooser", lambda _chooser: None)
        page.evaluate(LISTEN)
        yield page


def wait_for_health(service: Service) -> None:
    wait_for(lambda: service.client.get("/v1/health").status_code == 200, 60, "the service")


def choose(page: Any, file: Path = CAT) -> None:
    """Choose a file without waiting for its description. Empties the field first, like a click."""
    page.evaluate("document.querySelector('#picture').value = ''")
    page.set_input_files("#picture", file)


def described(page: Any) -> str:
    """Wait for a description and return its sentence."""
    page.wait_for_selector("#result:not([hidden])")
    return page.inner_text("#status")


def error_message(page: Any) -> str:
    """Wait for an error and return its sentence."""
    page.wait_for_selector("#status.trouble")
    return page.inner_text("#status")


def focused(page: Any) -> str:
    """Return the id of the focused element, or its tag."""
    return page.evaluate("document.activeElement.id || document.activeElement.tagName")


@contextlib.contextmanager
def suspended(service: Service) -> Iterator[Callable[[], None]]:
    """Suspend the describing process; yields a function that resumes it early."""
    workers = psutil.Process(service.process.pid).children(recursive=True)
    for worker in workers:
        worker.suspend()

    def resume() -> None:
        for worker in workers:
            worker.resume()

    try:
        yield resume
    finally:
        resume()


def test_a_picture_is_chosen_by_keyboard_and_announced_once(page, expected, shipped_bundle):
    page.keyboard.press("Tab")
    assert focused(page) == "picture"
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Enter")
    chooser.value.set_files(CAT)
    assert described(page) == expected["sentence"]
    announced = page.evaluate("announced")
    assert [text for text in announced if text != "Looking at it ..."] == [expected["sentence"]]
    assert page.locator("#status").get_attribute("aria-live") == "polite"
    assert focused(page) == "picture"
    assert page.title() == f"{expected['sentence']} – Image Describer"
    page.wait_for_selector("#figure:not([hidden])")
    assert page.get_by_role("img", name=expected["caption"]).count() == 1
    page.get_by_text("More about this picture").click()
    more = page.inner_text("#more")
    # As JavaScript rounds: halves up.
    assert f"{percent(expected['confidence'])} sure" in more
    assert expected["alternatives"][1]["caption"] in more
    places = what_is_where(Describer(shipped_bundle).describe(CAT))
    assert places
    assert page.locator("#more ul").last.inner_text() == "\n".join(map(": ".join, places))
    assert f"{expected['width']} by {expected['height']} pixels" in more
    # The same picture is announced again.
    choose(page)
    page.wait_for_function("sentence => announced.filter((t) => t === sentence).length === 2",
                           arg=expected["sentence"])  # fmt: skip


def test_a_picture_is_dropped_anywhere(page, expected):
    content = base64.b64encode(CAT.read_bytes()).decode()
    page.evaluate(DROP, ["cat.jpg", "image/jpeg", content, "footer"])
    assert described(page) == expected["sentence"]
    assert not page.locator("body.over").count()


def test_a_picture_is_pasted(page, shipped_bundle, tmp_path):
    drawn = tmp_path / "drawn.png"
    photograph().save(drawn)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.evaluate(COPY_PICTURE, base64.b64encode(drawn.read_bytes()).decode())
    page.keyboard.press("Control+V")
    assert described(page) == to_record(Describer(shipped_bundle).describe(drawn))["sentence"]
    page.click("#copy")
    page.wait_for_function("() => document.querySelector('#notice').textContent === 'Copied.'")
    page.keyboard.press("Control+V")  # a text, now
    assert error_message(page) == "There is no picture on the clipboard."


def test_speech_is_played_and_stopped_by_keyboard(page):
    choose(page)
    described(page)
    page.focus("#hear")
    page.keyboard.press("Enter")
    page.wait_for_function("() => document.querySelector('audio').currentTime > 0.3")
    assert page.evaluate("document.querySelector('audio').duration") > 2
    assert page.locator("#stop").get_attribute("aria-disabled") == "false"
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.querySelector('audio').paused")
    assert focused(page) == "stop"
    page.click("#hear")
    page.wait_for_function("() => !document.querySelector('audio').paused")
    page.keyboard.press("Escape")
    assert page.evaluate("document.querySelector('audio').paused")
    assert page.is_visible("#result")


def test_the_text_of_a_picture_is_shown_spoken_and_copied(page, tmp_path):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    sign = tmp_path / "sign.png"
    with_text(["Fire exit", "Push bar"]).save(sign)
    choose(page, sign)
    assert described(page).endswith("It says: Fire exit Push bar.")
    assert page.get_by_role("heading", name="Text in the picture").is_visible()
    assert page.inner_text("#text") == "Fire exit\nPush bar"
    check_layout(page)
    page.click("#hear-text")
    page.wait_for_function("() => document.querySelector('audio').currentTime > 0.3")
    first = page.evaluate("document.querySelector('audio').src")
    page.click("#hear")
    page.wait_for_function("(src) => document.querySelector('audio').src !== src", arg=first)
    page.click("#copy-text")
    page.wait_for_function("() => document.querySelector('#notice').textContent === 'Copied.'")
    assert page.evaluate("navigator.clipboard.readText()") == "Fire exit\nPush bar"
    choose(page)
    page.wait_for_selector("#figure img[alt*='cat']")
    assert page.is_hidden("#written")


def test_a_page_of_text_gets_no_invented_scene(page, tmp_path):
    file = tmp_path / "page.png"
    page_of_text(1000, 700).save(file)
    choose(page, file)
    assert described(page).startswith("It says: The quick brown fox")
    assert page.is_hidden("#copy")
    page.get_by_text("More about this picture").click()
    assert "Confidence" not in page.inner_text("#more")
    page.wait_for_selector("#figure img[alt^='It says: The quick']")


def test_automatic_speech_is_remembered_and_silences_the_live_region(page, expected):
    assert not page.is_checked("#speak")
    page.focus("#speak")
    page.keyboard.press("Space")
    page.select_option("#speed", "2")
    page.reload()
    assert page.is_checked("#speak")
    choose(page)
    page.wait_for_function("() => document.querySelector('audio').currentTime > 0.3")
    assert page.evaluate("document.querySelector('audio').playbackRate") == 2
    # The screen reader must not speak over the page's own speech.
    assert page.inner_text("#status") == expected["sentence"]
    assert page.locator("#status").get_attribute("aria-live") == "off"


def test_errors_have_the_services_own_sentence(page, tmp_path):
    text = tmp_path / "notes.txt"
    text.write_text("no picture " * 30)
    choose(page, text)
    with pytest.raises(PictureError) as expected:
        open_picture(text)
    assert error_message(page) == str(expected.value)
    assert page.evaluate("announced.at(-1)") == str(expected.value)
    assert not page.is_visible("#result")
    large = tmp_path / "large.bmp"
    photograph(800, 600).save(large)
    choose(page, large)
    page.wait_for_function(
        "() => document.querySelector('#status').textContent.includes('too large')"
    )
    assert error_message(page) == (
        "That picture is too large: it has 2 MB, and this service takes 1 MB. "
        "Save it smaller and try again."
    )


def test_requests_to_a_busy_service_are_repeated(page, service, expected):
    with suspended(service) as resume, opened_beside(page) as other:
        choose(other)
        other.wait_for_selector("#cancel:not([hidden])")
        choose(page)
        page.wait_for_function(
            "() => announced.some((text) => text.startsWith('The service is busy.'))"
        )
        resume()
        assert described(page) == expected["sentence"]
    busy = "The service is busy. Trying again in 1 second ..."
    assert page.evaluate("announced").count(busy) == 1
    assert page.evaluate("announced.at(-1)") == expected["sentence"]


@contextlib.contextmanager
def opened_beside(page: Any) -> Iterator[Any]:
    """Open the same page in a second tab."""
    with closing(page.context.new_page()) as other:
        other.goto(page.url)
        yield other


def test_escape_cancels(page, service):
    with suspended(service):
        choose(page)
        page.wait_for_selector("#cancel:not([hidden])")
        assert page.inner_text("#status") == "Looking at it ..."
        page.focus("#cancel")
        page.keyboard.press("Escape")
        assert page.inner_text("#status") == "Cancelled."
        assert focused(page) == "heading"  # the focused button is hidden
        assert not page.is_visible("#cancel")
    choose(page)
    described(page)


def test_the_last_of_two_pictures_is_described(page, service, expected, tmp_path):
    other = tmp_path / "other.png"
    photograph().save(other)
    with suspended(service):
        choose(page, other)
        page.wait_for_selector("#cancel:not([hidden])")
        choose(page)
    assert described(page) == expected["sentence"]
    page.wait_for_timeout(300)
    assert page.inner_text("#status") == expected["sentence"]
    assert not page.is_visible("#cancel")


def test_the_page_asks_for_a_token_and_reports_a_stopped_service(
    browser,  # noqa: F811
    shipped_bundle,
    tmp_path,
):
    file = tmp_path / "token"
    file.write_text(TOKEN)
    file.chmod(0o600)
    with Service(shipped_bundle, "--workers", "1", "--token-file", str(file)) as service:
        wait_for_health(service)
        with opened(browser, service, bypass_csp=True) as page:
            choose(page)
            page.wait_for_selector("#token-form:not([hidden])")
            assert focused(page) == "token"
            assert page.get_by_label("Token").get_attribute("type") == "password"
            assert axe_violations(page, *EXTRA_RULES) == []
            page.keyboard.type("a-wrong-one")
            page.keyboard.press("Enter")
            assert error_message(page) == "The token is wrong."
            assert focused(page) == "token"
            page.keyboard.type(TOKEN)
            page.keyboard.press("Enter")
            described(page)
            assert focused(page) == "heading"
            # The token is kept for this tab only.
            assert TOKEN not in page.evaluate("JSON.stringify(localStorage) + document.cookie")
            page.reload()
            choose(page)
            described(page)
            service.process.kill()
            choose(page)
            assert error_message(page) == "The service does not respond. Is it still running?"
            assert page.is_visible("#again")
            assert axe_violations(page, *EXTRA_RULES) == []


def test_tab_visits_every_control_in_order_and_returns(page):
    choose(page)
    described(page)
    stops = []
    for _ in range(2 * len(TAB_STOPS)):
        page.keyboard.press("Tab")
        at = focused(page)
        if at == TAB_STOPS[0] and stops:
            break
        if at == "BODY":
            continue
        stops.append(at)
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineWidth")
        assert float(outline.removesuffix("px")) >= 3, at
    assert stops == TAB_STOPS


def test_the_page_loads_nothing_remote_and_breaks_no_policy(page, service):
    choose(page)
    described(page)
    page.wait_for_selector("#figure:not([hidden])")
    page.click("#hear")
    page.wait_for_function("() => document.querySelector('audio').currentTime > 0")
    page.goto(f"{service.url}/docs")
    assert len(page.requests) > 5
    own = (f"{service.url}/", f"blob:{service.url}/")
    assert [address for address in page.requests if not address.startswith(own)] == []
    assert page.console == []


def test_metadata_and_file_names_are_shown_as_text(page, tmp_path):
    hostile = "<img src=x onerror=document.title=1 //"  # unclosed tags pass the filter
    picture = tmp_path / "<img src=x onerror=document.title=2>.jpg"
    photograph().save(picture, xmp=XMP.format(html.escape(hostile)).encode())
    choose(page, picture)
    assert f"Its author says: {hostile}" in described(page)
    page.get_by_text("More about this picture").click()
    assert hostile in page.inner_text("#more")
    page.wait_for_selector("#figure:not([hidden])")
    assert page.locator("img").count() == 1
    assert page.title().startswith("Its author says")
    assert page.console == []


def test_axe_finds_no_violations_in_any_state(browser, service, tmp_path):  # noqa: F811
    text = tmp_path / "notes.txt"
    text.write_text("no picture")
    with opened(browser, service, bypass_csp=True) as page:
        check_layout(page)
        with suspended(service):
            choose(page)
            page.wait_for_selector("#cancel:not([hidden])")
            check_layout(page)
        described(page)
        page.wait_for_selector("#figure:not([hidden])")
        page.get_by_text("More about this picture").click()
        check_layout(page)
        page.emulate_media(color_scheme="dark", forced_colors="active")
        assert axe_violations(page) == []
        page.emulate_media(forced_colors="none")
        choose(page, text)
        error_message(page)
        check_layout(page)
        page.goto(f"{service.url}/docs")
        check_layout(page)


def check_layout(page: Any) -> None:
    """Check the page wide and light, then narrow (or zoomed to 400 %) and dark."""
    for width, scheme in ((1280, "light"), (320, "dark")):
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)
        assert axe_violations(page, *EXTRA_RULES) == [], scheme
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate(SMALL, MIN_TARGET_PX) == []


def test_the_developers_page_lists_every_operation(page, service):
    page.goto(f"{service.url}/docs")
    text = page.inner_text("main")
    openapi = service.client.get("/openapi.json").json()
    operations = [(method, path) for path, item in openapi["paths"].items() for method in item]
    assert len(operations) >= 6
    for method, path in operations:
        assert f"{method.upper()} {path}" in text
    assert '"confidence"' in text
    assert "`" not in text
    page.get_by_role("link", name="openapi.json").click()
    assert page.url == f"{service.url}/openapi.json"


def test_files_have_types_security_headers_and_etags(service):
    for path in sorted(page_module.PATHS - {"/openapi.json"}):
        answer = service.client.get(path)
        assert answer.status_code == 200
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        head = service.client.head(path)
        assert (head.status_code, head.content) == (200, b"")
        again = service.client.get(path, headers={"If-None-Match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert (
            answer.headers["content-type"].split(";")[0]
            == {
                **{"/": "text/html", "/docs": "text/html", "/favicon.ico": "image/png"},
                **{"/page.css": "text/css", "/page.js": "text/javascript"},
                "/icon.svg": "image/svg+xml",
            }[path]
        )


def test_the_page_has_the_programs_limits_formats_and_colours(service):
    start = service.client.get("/").text
    assert 'data-limit-bytes="1000000"' in start
    assert all(suffix in start for suffix in PICTURE_SUFFIXES)
    assert not re.search(r"<style|<script>|\sstyle=|\son\w+=", start)
    colours = re.compile(r"(--\w+): (#\w+)")
    own = colours.findall((tiny.REPO / "assets" / "page" / "page.css").read_text())
    assert len(own) > 10
    assert set(own) <= set(colours.findall(gallery_style.STYLE))


@pytest.mark.parametrize(
    ("settings", "storage", "voice"),
    [
        (ServerConfig(), page_module.NOTHING_KEPT, page_module.OFFLINE),
        (
            ServerConfig(log_captions=True, online_voice=True),
            page_module.CAPTIONS_KEPT,
            page_module.ONLINE,
        ),
    ],
)
def test_the_page_says_what_happens_to_a_picture(settings, storage, voice):
    start = page_module._start_page(settings).decode()
    assert f"{storage} {voice}" in start
    assert "$" not in start
