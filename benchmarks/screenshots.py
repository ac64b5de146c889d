"""Screenshots of every view of the window, and the one that README begins with.

    python benchmarks/screenshots.py --into FOLDER [--look dark] [--text-size 250] [--language de]
    python benchmarks/screenshots.py --readme docs/window.jpg

Starts the real program on a virtual screen (Xvfb), reaches each view by its keys, and takes a
screenshot of the whole screen once the view stands still. --readme puts a light and a dark window
side by side.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from PIL import Image, ImageChops

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from image_describer import i18n
from image_describer.i18n import _
from tests.support import letter_round
from tests.support.screen import LIMIT_S, RunningApp, Screen, wait_for

SAMPLES = Path(__file__).resolve().parent.parent / "assets" / "samples"
LOOKS = ("light", "dark", "high contrast")
TEXT_SIZES = (100, 250)
SCREENS = ("1280x900", "640x480")
STANDS_STILL_S = 0.4
# View: the keys that lead to it, and what the title of its window begins with, in English.
DIALOGS = {
    "details": (("ctrl+d",), "Details"),
    "chooser": (("ctrl+o",), "Open a picture"),
    "folder": (("ctrl+shift+o",), "Describe a folder"),
    "search": (("ctrl+f",), "Search your pictures"),
    "save": (("ctrl+s",), "Save"),
    "settings": (("ctrl+comma",), "Settings"),
    "settings-end": (("ctrl+comma", *["shift+Tab"] * 3), "Settings"),
    "help": (("F1",), "Help"),
}
GAP_PX = 24
README_QUALITY = 88  # of the JPEG


def settled(screen: Screen) -> Image.Image:
    """The screen once two screenshots in a row are the same."""
    before = screen.shot()
    limit = time.monotonic() + LIMIT_S
    while time.monotonic() < limit:
        time.sleep(STANDS_STILL_S)
        after = screen.shot()
        if ImageChops.difference(before, after).getbbox() is None:
            break
        before = after
    return before


def start(
    screen: Screen, folder: Path, look: str, text_size: int, *files: Path, online: str = "false"
) -> RunningApp:
    """The program in this look, in folders of its own; ``online`` "" leaves the voice open."""
    config = folder / "config" / "image-describer"
    config.mkdir(parents=True, exist_ok=True)
    choice = f"online = {online}\n" if online else ""
    settings = f'{choice}look = "{look}"\ntext_size = {text_size}\nspeech = "off"\n'
    settings += f'program_language = "{i18n.language()}"\n'
    (config / "settings.toml").write_text(settings, encoding="utf-8")
    return RunningApp(screen, folder, [str(file) for file in files], {})


def views(
    screen: Screen, work: Path, look: str, text_size: int
) -> Iterator[tuple[str, Image.Image]]:
    """Each view's name and its screenshot."""
    app = start(screen, work / "first", look, text_size, online="")
    wait_for(lambda: _("Choose a voice") in screen.focused(), LIMIT_S, "the first question")
    yield "first-start", settled(screen)
    app.end()
    app = start(screen, work / "empty", look, text_size)
    app.wait_title("Image Describer")
    yield "empty", settled(screen)
    app.end()
    broken = work / "broken.jpg"
    broken.write_bytes(b"no picture")
    app = start(screen, work / "error", look, text_size, broken)
    app.wait_title(". - broken.jpg")
    yield "error", settled(screen)
    app.end()
    app = start(screen, work / "letter", look, text_size, letter_round.picture(work))
    app.wait_title(". - letter.tif")
    yield "letter", settled(screen)
    app.focus()
    screen.press("ctrl+t")
    wait_for(lambda: screen.focused().startswith(_("Text")), LIMIT_S, "the text")
    yield "text", settled(screen)
    app.end()
    app = start(screen, work / "picture", look, text_size, SAMPLES / "cat.jpg")
    app.wait_title(". - cat.jpg")
    yield "picture", settled(screen)
    app.focus()
    screen.press("Tab")
    yield "focus", settled(screen)
    for name, (keys, english_title) in DIALOGS.items():
        title = _(english_title)
        screen.press(keys[0])
        wait_for(lambda title=title: screen.focused().startswith(title), LIMIT_S, title)
        for key in keys[1:]:
            screen.press(key)
        yield name, settled(screen)
        screen.press_until(
            "Escape", lambda title=title: not screen.focused().startswith(title), f"{title} to end"
        )
    screen.press("ctrl+e", "Left")
    yield "explore", settled(screen)
    app.end()


def side_by_side(work: Path) -> Image.Image:
    """The window with a picture, light and dark."""
    screen = Screen()
    shots = []
    for look in ("light", "dark"):
        app = start(screen, work / look, look, 100, SAMPLES / "cat.jpg")
        app.wait_title(". - cat.jpg")
        shot = settled(screen)
        shots.append(shot.crop(shot.getbbox()))  # what is not the black screen
        app.end()
    screen.close()
    width, height = shots[0].size
    both = Image.new("RGB", (2 * width + GAP_PX, height), "white")
    for column, shot in enumerate(shots):
        both.paste(shot, (column * (width + GAP_PX), 0))
    return both


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--into", type=Path, help="folder for the screenshots")
    parser.add_argument("--look", nargs="+", choices=LOOKS, default=LOOKS)
    parser.add_argument("--text-size", nargs="+", type=int, default=TEXT_SIZES, metavar="PERCENT")
    parser.add_argument("--screen", nargs="+", choices=SCREENS, default=SCREENS)
    parser.add_argument("--language", choices=i18n.languages(), default=i18n.ENGLISH)
    parser.add_argument("--readme", type=Path, metavar="FILE", help="write README's screenshot")
    options = parser.parse_args()
    i18n.set_language(options.language)
    if options.into is None and options.readme is None:
        parser.error("give --into or --readme")
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        if options.readme is not None:
            side_by_side(work).save(options.readme, quality=README_QUALITY, optimize=True)
        if options.into is None:
            return
        options.into.mkdir(parents=True, exist_ok=True)
        for size in options.screen:
            width, height = map(int, size.split("x"))
            screen = Screen((width, height))
            for look in options.look:
                for text_size in options.text_size:
                    place = work / f"{size}-{look}-{text_size}"
                    place.mkdir()
                    for name, shot in views(screen, place, look, text_size):
                        file = f"{name}-{look.replace(' ', '-')}-{text_size}-{size}.png"
                        shot.save(options.into / file)
                        print(file, flush=True)
            screen.close()


if __name__ == "__main__":
    main()
