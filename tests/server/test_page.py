"""The service's page as people meet it: by keyboard, in a browser, asking a real service."""

import base64
import contextlib
import html
import re
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psutil
import pytest

from image_describer import Describer
from image_describer.errors import PictureError
from image_describer.imaging.open import PICTURE_SUFFIXES, open_picture
from image_describer.library.exporters import gallery_style
from image_describer.server import page as page_module
from image_describer.server.config import ServerConfig
from image_describer.wording.details import what_is_where
from image_describer.wording.record import to_record
from tests.support import tiny
from tests.support.browser import ALSO, Browser, axe_violations, browser  # noqa: F401
from tests.support.pictures import photograph
from tests.support.service import Service

pytestmark = pytest.mark.browser

CAT = tiny.REPO / "assets" / "samples" / "cat.jpg"
TOKEN = "letters-and-0123456789-digits-in-one"
LEAST_TARGET_PX = 44
WAIT_LIMIT_MS = 60_000
# Everything that is told from now on, in order, by either live region.
LISTEN = """() => {
  window.told = [];
  for (const region of document.querySelectorAll("[role=status]"))
    new MutationObserver(() => region.textContent && told.push(region.textContent))
      .observe(region, {childList: true, characterData: true, subtree: true});
}"""
DROP = """([name, type, content, target]) => {
  const bytes = Uint8Array.from(atob(content), (sign) => sign.charCodeAt(0));
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File([bytes], name, {type}));
  for (const kind of ["dragenter", "dragover", "drop"])
    document.querySelector(target).dispatchEvent(
      new DragEvent(kind, {dataTransfer, bubbles: true, cancelable: true}));
}"""
COPY_PICTURE = """async (content) => {
  const bytes = Uint8Array.from(atob(content), (sign) => sign.charCodeAt(0));
  const blob = new Blob([bytes], {type: "image/png"});
  await navigator.clipboard.write([new ClipboardItem({"image/png": blob})]);
}"""
XMP = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
    'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" '
    'xmlns:a="http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/" a:AltTextAccessibility="{}"/>'
    "</rdf:RDF></x:xmpmeta>"
)
SMALL = """(least) =>
  [...document.querySelectorAll("main :is(button, input, select, summary)")]
    .map((e) => [e.id || e.tagName, e.labels?.[0]?.closest(".check") ?? e])
    .map(([name, e]) => [name, e.getBoundingClientRect()])
    .filter(([, box]) => box.height && (box.height < least || box.width < least))
    .map(([name]) => name)"""
STOPS = ["picture", "hear", "stop", "copy", "SUMMARY", "speak", "speed", "A"]


@pytest.fixture(scope="module")
def service(shipped_bundle: Path) -> Iterator[Service]:
    """A service that takes one picture at a time, and of little size."""
    limits = ("--max-in-flight", "1", "--max-body", "1", "--time-limit", "600")
    with Service(shipped_bundle, "--workers", "1", *limits) as one:
        wait_for_health(one)
        yield one


@pytest.fixture(scope="module")
def expected(shipped_bundle: Path) -> dict[str, Any]:
    """What `describe --json` says of the cat."""
    return to_record(Describer(shipped_bundle).describe(CAT))


@pytest.fixture
def page(browser: Browser, service: Service) -> Iterator[Any]:  # noqa: F811
    """The page, freshly opened; ``told`` collects what it tells."""
    with opened(browser, service) as one:
        yield one


@contextlib.contextmanager
def opened(browser: Browser, service: Service, **settings: Any) -> Iterator[Any]:  # noqa: F811
    with closing(browser.open(service.url, **settings)) as page:
        page.set_default_timeout(WAIT_LIMIT_MS)
        page.evaluate(LISTEN)
        yield page


def wait_for_health(service: Service) -> None:
    for _ in range(1200):
        if service.client.get("/v1/health").status_code == 200:
            return
        time.sleep(0.05)
    raise AssertionError("the service never became ready")


def choose(page: Any, file: Path = CAT) -> None:
    """Choose a file; what follows is not waited for. A click empties the field, as it is here."""
    page.evaluate("document.querySelector('#picture').value = ''")
    page.set_input_files("#picture", file)


def described(page: Any) -> str:
    """Wait for a description; its sentence."""
    page.wait_for_selector("#result:not([hidden])")
    return page.inner_text("#status")


def trouble(page: Any) -> str:
    """Wait for an error; its sentence."""
    page.wait_for_selector("#status.trouble")
    return page.inner_text("#status")


def focused(page: Any) -> str:
    """The id of what has the focus, or its tag."""
    return page.evaluate("document.activeElement.id || document.activeElement.tagName")


@contextlib.contextmanager
def held(service: Service) -> Iterator[Callable[[], None]]:
    """Hold the process that describes; what is given lets it go, and so does the end."""
    workers = psutil.Process(service.process.pid).children(recursive=True)
    for worker in workers:
        worker.suspend()

    def release() -> None:
        for worker in workers:
            worker.resume()

    try:
        yield release
    finally:
        release()


def test_a_picture_is_chosen_by_keyboard_and_told_once(page, expected, shipped_bundle):
    page.keyboard.press("Tab")
    assert focused(page) == "picture"
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Enter")
    chooser.value.set_files(CAT)
    assert described(page) == expected["sentence"]
    told = page.evaluate("told")
    assert [text for text in told if text != "Looking at it ..."] == [expected["sentence"]]
    assert page.locator("#status").get_attribute("aria-live") == "polite"
    assert focused(page) == "picture"
    assert page.title() == f"{expected['sentence']} – Image Describer"
    page.wait_for_selector("#figure:not([hidden])")
    assert page.get_by_role("img", name=expected["caption"]).count() == 1
    page.get_by_text("More about this picture").click()
    more = page.inner_text("#more")
    assert f"{round(100 * expected['confidence'])} percent sure" in more
    assert expected["alternatives"][1]["caption"] in more
    where = what_is_where(Describer(shipped_bundle).describe(CAT))
    assert where
    assert page.locator("#more ul").last.inner_text() == "\n".join(": ".join(one) for one in where)
    assert f"{expected['width']} by {expected['height']} pixels" in more
    # The same again is told again.
    choose(page)
    page.wait_for_function("sentence => told.filter((t) => t === sentence).length === 2",
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
    assert trouble(page) == "There is no picture on the clipboard."


def test_it_is_heard_and_stopped_by_keyboard(page):
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


def test_it_speaks_by_itself_if_told_so_and_remembers_that(page, expected):
    assert not page.is_checked("#speak")
    page.focus("#speak")
    page.keyboard.press("Space")
    page.select_option("#speed", "2")
    page.reload()
    assert page.is_checked("#speak")
    choose(page)
    page.wait_for_function("() => document.querySelector('audio').currentTime > 0.3")
    assert page.evaluate("document.querySelector('audio').playbackRate") == 2
    # Read by two voices at a time, nothing is understood.
    assert page.inner_text("#status") == expected["sentence"]
    assert page.locator("#status").get_attribute("aria-live") == "off"


def test_trouble_is_told_in_the_services_own_sentence(page, tmp_path):
    text = tmp_path / "notes.txt"
    text.write_text("no picture " * 30)
    choose(page, text)
    with pytest.raises(PictureError) as known:
        open_picture(text)
    assert trouble(page) == str(known.value)
    assert page.evaluate("told.at(-1)") == str(known.value)
    assert not page.is_visible("#result")
    large = tmp_path / "large.bmp"
    photograph(800, 600).save(large)
    choose(page, large)
    page.wait_for_function(
        "() => document.querySelector('#status').textContent.includes('too large')"
    )
    assert trouble(page) == (
        "That picture is too large: it has 2 MB, and this service takes 1 MB. "
        "Save it smaller and try again."
    )


def test_a_busy_service_is_asked_again(page, service, expected):
    with held(service) as release, opened_beside(page) as other:
        choose(other)
        other.wait_for_selector("#cancel:not([hidden])")
        choose(page)
        page.wait_for_function("() => told.some((text) => text.startsWith('The service is busy.'))")
        release()
        assert described(page) == expected["sentence"]
    busy = "The service is busy. Trying again in 1 second ..."
    assert page.evaluate("told").count(busy) == 1
    assert page.evaluate("told.at(-1)") == expected["sentence"]


@contextlib.contextmanager
def opened_beside(page: Any) -> Iterator[Any]:
    """The same page in a second tab."""
    with closing(page.context.new_page()) as other:
        other.goto(page.url)
        yield other


def test_escape_cancels(page, service):
    with held(service):
        choose(page)
        page.wait_for_selector("#cancel:not([hidden])")
        assert page.inner_text("#status") == "Looking at it ..."
        page.focus("#cancel")
        page.keyboard.press("Escape")
        assert page.inner_text("#status") == "Cancelled."
        assert focused(page) == "heading"  # what had the focus is gone
        assert not page.is_visible("#cancel")
    choose(page)
    described(page)


def test_the_last_of_two_choices_counts(page, service, expected, tmp_path):
    other = tmp_path / "other.png"
    photograph().save(other)
    with held(service):
        choose(page, other)
        page.wait_for_selector("#cancel:not([hidden])")
        choose(page)
    assert described(page) == expected["sentence"]
    page.wait_for_timeout(300)
    assert page.inner_text("#status") == expected["sentence"]
    assert not page.is_visible("#cancel")


def test_a_token_is_asked_for_and_a_service_that_is_gone_is_told(
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
            assert axe_violations(page, *ALSO) == []
            page.keyboard.type("a-wrong-one")
            page.keyboard.press("Enter")
            assert trouble(page) == "The token is wrong."
            assert focused(page) == "token"
            page.keyboard.type(TOKEN)
            page.keyboard.press("Enter")
            described(page)
            assert focused(page) == "heading"
            # It lasts as long as the tab, and nowhere longer.
            assert TOKEN not in page.evaluate("JSON.stringify(localStorage) + document.cookie")
            page.reload()
            choose(page)
            described(page)
            service.process.kill()
            choose(page)
            assert trouble(page) == "The service does not respond. Is it still running?"
            assert page.is_visible("#again")
            assert axe_violations(page, *ALSO) == []


def test_tab_reaches_everything_in_its_order_and_comes_back(page):
    choose(page)
    described(page)
    stops = []
    for _ in range(2 * len(STOPS)):
        page.keyboard.press("Tab")
        at = focused(page)
        if at == STOPS[0] and stops:
            break
        if at == "BODY":
            continue
        stops.append(at)
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineWidth")
        assert float(outline.removesuffix("px")) >= 3, at
    assert stops == STOPS


def test_nothing_comes_from_elsewhere_and_no_policy_is_broken(page, service):
    choose(page)
    described(page)
    page.wait_for_selector("#figure:not([hidden])")
    page.click("#hear")
    page.wait_for_function("() => document.querySelector('audio').currentTime > 0")
    page.goto(f"{service.url}/docs")
    assert len(page.asked) > 5
    own = (f"{service.url}/", f"blob:{service.url}/")
    assert [address for address in page.asked if not address.startswith(own)] == []
    assert page.said == []


def test_what_a_picture_carries_is_only_ever_text(page, tmp_path):
    hostile = "<img src=x onerror=document.title=1 //"  # unclosed, it passes as no markup
    picture = tmp_path / "<img src=x onerror=document.title=2>.jpg"
    photograph().save(picture, xmp=XMP.format(html.escape(hostile)).encode())
    choose(page, picture)
    assert f"Its author says: {hostile}" in described(page)
    page.get_by_text("More about this picture").click()
    assert hostile in page.inner_text("#more")
    page.wait_for_selector("#figure:not([hidden])")
    assert page.locator("img").count() == 1
    assert page.title().startswith("Its author says")
    assert page.said == []


def test_axe_finds_nothing_in_any_state(browser, service, tmp_path):  # noqa: F811
    text = tmp_path / "notes.txt"
    text.write_text("no picture")
    with opened(browser, service, bypass_csp=True) as page:
        check_looks(page)
        with held(service):
            choose(page)
            page.wait_for_selector("#cancel:not([hidden])")
            check_looks(page)
        described(page)
        page.wait_for_selector("#figure:not([hidden])")
        page.get_by_text("More about this picture").click()
        check_looks(page)
        page.emulate_media(color_scheme="dark", forced_colors="active")
        assert axe_violations(page) == []
        page.emulate_media(forced_colors="none")
        choose(page, text)
        trouble(page)
        check_looks(page)
        page.goto(f"{service.url}/docs")
        check_looks(page)


def check_looks(page: Any) -> None:
    """Wide and light, narrow (or enlarged to 400 %) and dark."""
    for width, scheme in ((1280, "light"), (320, "dark")):
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)
        assert axe_violations(page, *ALSO) == [], scheme
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate(SMALL, LEAST_TARGET_PX) == []


def test_the_page_for_programs_tells_of_everything(page, service):
    page.goto(f"{service.url}/docs")
    told = page.inner_text("main")
    openapi = service.client.get("/openapi.json").json()
    paths = [(way, path) for path, item in openapi["paths"].items() for way in item]
    assert len(paths) >= 6
    for way, path in paths:
        assert f"{way.upper()} {path}" in told
    assert '"confidence"' in told
    assert "`" not in told
    page.get_by_role("link", name="openapi.json").click()
    assert page.url == f"{service.url}/openapi.json"


def test_files_are_sent_with_their_types_and_not_twice(service):
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


def test_the_page_knows_what_the_program_knows(service):
    start = service.client.get("/").text
    assert 'data-limit-bytes="1000000"' in start
    assert all(suffix in start for suffix in PICTURE_SUFFIXES)
    assert not re.search(r"<style|<script>|\sstyle=|\son\w+=", start)
    colours = re.compile(r"(--\w+): (#\w+)")
    own = colours.findall((tiny.REPO / "assets" / "page" / "page.css").read_text())
    assert len(own) > 10
    assert set(own) <= set(colours.findall(gallery_style.STYLE))


@pytest.mark.parametrize(
    ("settings", "kept", "voice"),
    [
        (ServerConfig(), page_module.NOTHING_KEPT, page_module.OFFLINE),
        (
            ServerConfig(log_captions=True, online_voice=True),
            page_module.CAPTIONS_KEPT,
            page_module.ONLINE,
        ),
    ],
)
def test_the_page_says_what_becomes_of_a_picture(settings, kept, voice):
    start = page_module._start_page(settings).decode()
    assert f"{kept} {voice}" in start
    assert "$" not in start
