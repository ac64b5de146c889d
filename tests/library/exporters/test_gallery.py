"""The gallery in a browser: its text, keyboard use, and accessibility by axe-core's rules."""

import os
import shutil
from contextlib import closing
from pathlib import Path

import pytest
from PIL import Image

from image_describer.captioner.description import Description
from image_describer.errors import OutputError
from image_describer.library import exporters
from image_describer.library.exporters import gallery
from image_describer.library.record import Record
from image_describer.reading.text import PictureText, TextLine
from tests.support import tiny
from tests.support.browser import address, browser  # noqa: F401

pytestmark = pytest.mark.browser

SAMPLES = tiny.REPO / "assets" / "samples"
ODD_NAMES = (
    b"<img src=x onerror=document.title=1>.jpg",
    b"\"double\" & 'single'.jpg",
    b"50% #1?.jpg",
    b"two  spaces+plus;semi:colon.jpg",
    b"caf\xe9.jpg",  # no UTF-8
    "Grüße ☃.jpg".encode(),
    b"back\\slash\nnewline.jpg",
    "\u202egpj.exe".encode(),
    b"x" * 240 + b".jpg",
)
EMPTY = "The file is empty."


def described(file: str, confidence: float = 0.8, **fields: object) -> Record:
    """A described picture, with a caption that needs escaping."""
    caption = fields.pop("caption", 'a dog <runs> & "jumps"')
    about = Description(str(caption), confidence, width=64, height=48, **fields)  # type: ignore[arg-type]
    return Record(file, "ab" * 32, about)


@pytest.fixture
def odd_pictures(tmp_path: Path) -> list[str]:
    """Pictures with all kinds of odd characters in their names, two of them outside ``site``."""
    site = tmp_path / "site"
    (site / "a # b").mkdir(parents=True)
    (tmp_path / "else where?").mkdir()
    picture = tmp_path / "picture.jpg"
    Image.new("RGB", (64, 48), "teal").save(picture)
    folders = [site] * 7 + [site / "a # b", tmp_path / "else where?"]
    names = [os.fsdecode(name) for name in ODD_NAMES]
    files = [f"{folder}/{name}" for folder, name in zip(folders, names, strict=True)]
    for file in files:
        shutil.copy(picture, file)
    return files


def a_gallery(tmp_path: Path, files: list[str], **settings: bool) -> Path:
    """A page with ``files``, of each level of confidence, one of them blank, and two errors."""
    page = tmp_path / "site" / "gallery.html"
    records = [described(file) for file in files]
    records[0] = described(files[0], 0.2)
    records[1] = described(files[1], 0.5, notes=("The picture is blurred.",))
    records[2] = described(files[2], notes=("The picture is blank.",))
    for name in ("empty.jpg", "<script>document.title=2</script>.jpg"):
        records.insert(3, Record(f"{tmp_path}/site/{name}", "", error=EMPTY))
    exporters.write(page, records, folders=[tmp_path / "site"], **settings)
    return page


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 320])
def test_axe_finds_no_violations(tmp_path, odd_pictures, browser, scheme, width):  # noqa: F811
    page = address(a_gallery(tmp_path, odd_pictures, partial=True))
    assert browser.violations(page, width=width, scheme=scheme) == []


def test_axe_finds_violations_in_a_bad_page(tmp_path, browser):  # noqa: F811
    page = tmp_path / "bad.html"
    page.write_text("<title>bad</title><img src=x.jpg>")
    found = "\n".join(browser.violations(address(page)))
    assert "image-alt" in found
    assert "html-has-lang" in found


def test_pictures_with_odd_names_are_shown(tmp_path, odd_pictures, browser):  # noqa: F811
    url = address(a_gallery(tmp_path, odd_pictures))
    with closing(browser.open(url)) as page:
        images = page.locator("img")
        assert images.count() == len(odd_pictures), "a name became a tag"
        for image in images.all():
            image.scroll_into_view_if_needed()
            image.evaluate("image => image.decode()")  # fails if it can't be loaded
        links = page.locator("figcaption a").evaluate_all("all => all.map(a => a.pathname)")
        sources = images.evaluate_all("all => all.map(i => new URL(i.src).pathname)")
        assert links == sources
        assert page.title() == "Pictures in site"
        assert page.console == []


def test_a_page_loads_nothing_remote_and_runs_no_script(tmp_path, browser):  # noqa: F811
    html = a_gallery(tmp_path, _copies(tmp_path, 9))
    text = html.read_text("utf-8")
    end = "<script>document.title = 'ran'</script><style>body { color: red }</style></body>"
    html.write_text(text.replace("</body>", end), "utf-8")
    with closing(browser.open(address(html))) as page:
        assert page.title() == "Pictures in site"
        assert len(page.console) == 2
        assert all("Content Security Policy" in message for message in page.console)
    assert "http:" not in text
    assert "https:" not in text
    assert "<script" not in text


def test_the_text_of_each_picture(tmp_path, browser):  # noqa: F811
    with closing(browser.open(address(a_gallery(tmp_path, _copies(tmp_path, 5))))) as page:
        assert page.locator("html").get_attribute("lang") == "en"
        figures = page.locator("figure")
        bare = 'a dog <runs> & "jumps"'
        assert figures.nth(0).locator("img").get_attribute("alt") == bare
        assert figures.nth(0).inner_text().split("\n\n")[:2] == [
            f"Unsure. My guess: {bare}.",
            "Unsure: 20 percent.",
        ]
        unsure = figures.nth(1).inner_text()
        assert unsure.startswith(f"The picture is blurred. It might be: {bare}. This could be")
        assert "Not so sure: 50 percent." in unsure
        assert figures.nth(2).locator("img").get_attribute("alt") == "The picture is blank."
        assert "percent" not in figures.nth(2).inner_text(), "a blank picture has no confidence"
        assert f"Probably: {bare}." in figures.nth(3).inner_text()
        assert "Fairly sure: 80 percent." in figures.nth(3).inner_text()
        assert figures.nth(3).locator("img").get_attribute("loading") == "lazy"
        broken = page.get_by_role("region", name="Pictures that could not be described")
        assert broken.get_by_role("listitem").all_inner_texts() == [
            f"site/<script>document.title=2</script>.jpg: {EMPTY}",
            f"site/empty.jpg: {EMPTY}",
        ]
        assert page.get_by_role("main").get_by_role("heading", level=2).first.inner_text() == "site"


def test_the_text_in_a_picture_is_one_step_away(tmp_path, browser):  # noqa: F811
    (file,) = _copies(tmp_path, 1)
    lines = tuple(TextLine(f"<b>{n}</b> word", (0.0, 0.0, 1.0, 0.1), 0.9) for n in range(10))
    page = tmp_path / "site" / "gallery.html"
    exporters.write(page, [described(file, text=PictureText(lines))], text=True)
    assert browser.violations(address(page)) == []
    with closing(browser.open(address(page), width=320)) as opened:
        hidden = opened.get_by_text("<b>9</b> word")
        assert not hidden.is_visible()
        opened.get_by_text("Text in the picture: 20 words").click()
        assert hidden.inner_text().splitlines() == [line.text for line in lines]
        assert opened.evaluate("document.documentElement.scrollWidth") <= 320


def test_keyboard_focus_is_visible_and_reaches_everything(tmp_path, browser):  # noqa: F811
    files = _copies(tmp_path, 4)
    with closing(browser.open(address(a_gallery(tmp_path, files)), width=320)) as page:
        page.keyboard.press("Tab")
        skip = page.locator(":focus")
        assert skip.inner_text() == "Skip to the pictures"
        assert skip.bounding_box()["x"] >= 0, "the focus is out of sight"
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        link = page.locator(":focus")
        assert link.inner_text() == "0.jpg"
        assert link.evaluate("link => getComputedStyle(link).outlineStyle") == "solid"
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
        page.locator("img").first.click(force=True)
        assert page.url.endswith("/0.jpg"), "a click on the picture opens it"


def test_printing_breaks_no_picture(tmp_path, browser):  # noqa: F811
    with closing(browser.open(address(a_gallery(tmp_path, _copies(tmp_path, 9))))) as page:
        page.emulate_media(media="print")
        assert not page.locator("nav, .skip").filter(visible=True).count()
        item = page.locator("figure").first.locator("xpath=..")
        assert item.evaluate("item => getComputedStyle(item).breakInside") == "avoid"
        assert page.pdf().startswith(b"%PDF")


@pytest.mark.slow
def test_many_pictures_are_split_into_pages(tmp_path, browser):  # noqa: F811
    files = [f"{tmp_path}/site/{number:05}.jpg" for number in range(1_200)]
    shutil.copy(SAMPLES / "cat.jpg", _made(files[1_199]))
    shutil.copy(SAMPLES / "cat.jpg", files[0])
    target = tmp_path / "site" / "gal # lery.html"
    records = [described(file) for file in files]
    records[7:7] = [Record(f"{tmp_path}/site/b{n}.jpg", "", error=EMPTY) for n in range(501)]
    exporters.write(target, records, folders=[tmp_path / "site"])
    seen: list[str] = []
    with closing(browser.open(address(target), bypass_csp=True)) as page:
        assert page.locator("h1").inner_text() == "Pictures in site, page 1 of 5"
        assert "1,200 pictures described; 501 could not be described." in page.inner_text("header")
        while True:
            seen += page.locator("figcaption a").all_inner_texts()
            forward = page.get_by_role("link", name="Next page").first
            if not forward.count():
                break
            forward.click()
            if page.locator("h1").inner_text().endswith("3 of 5"):
                last = page.locator("img").last
                last.scroll_into_view_if_needed()
                last.evaluate("image => image.decode()")
                _has_no_violations(page)
        assert seen == [os.path.basename(file) for file in files]
        assert page.locator(".broken li").count() == 1
        page.get_by_role("link", name="First page").first.click()
        page.get_by_role("link", name="501 could not be described").click()
        assert page.locator("h1").inner_text() == "Pictures in site, page 4 of 5"
        assert page.locator(".broken li").count() == 500
        page.locator("summary").click()
        page.get_by_role("link", name="site/00500.jpg to site/00999.jpg").click()
        assert page.locator("h1").inner_text() == "Pictures in site, page 2 of 5"


def _has_no_violations(page: object) -> None:
    from tests.support.browser import axe_violations

    assert axe_violations(page) == []


def test_a_second_gallery_replaces_the_first(tmp_path):
    target, pages = tmp_path / "out.html", tmp_path / "out-pages"
    for count, further in ((1_200, 2), (600, 1)):
        exporters.write(target, [described(f"{tmp_path}/{n}.jpg") for n in range(count)])
        assert len(os.listdir(pages)) == further
        assert all(name in target.read_text("utf-8") for name in os.listdir(pages))
    before = target.read_bytes(), os.listdir(pages)
    _fail_at_the_first_page(target)
    assert (target.read_bytes(), os.listdir(pages)) == before
    (pages / "mine.html").write_text("")
    exporters.write(target, [])
    assert os.listdir(pages) == ["mine.html"], "files of others stay"


def _fail_at_the_first_page(target: Path) -> None:
    writing = gallery.writing
    with pytest.MonkeyPatch.context() as patch:

        def full(path: Path, mode: int):
            if path == target:
                raise OSError(28, "No space left on device")
            return writing(path, mode)

        patch.setattr(gallery, "writing", full)
        with pytest.raises(OutputError, match="No space left"):
            exporters.write(target, [described(f"/{n}.jpg") for n in range(1_200)])


def test_an_empty_gallery(tmp_path, browser):  # noqa: F811
    exporters.write(tmp_path / "out.html", [], folders=["/", "/a/b", "c", "d"])
    with closing(browser.open(address(tmp_path / "out.html"))) as page:
        assert page.title() == "Pictures in /, b and 2 more folders"
        assert "0 pictures described." in page.inner_text("header")


def _copies(tmp_path: Path, count: int) -> list[str]:
    files = [f"{tmp_path}/site/{number}.jpg" for number in range(count)]
    for file in files:
        Image.new("RGB", (64, 48), "teal").save(_made(file))
    return files


def _made(file: str) -> str:
    Path(file).parent.mkdir(parents=True, exist_ok=True)
    return file
