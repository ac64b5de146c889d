"""The contrast of texts and of the borders of controls, measured from the pixels of screenshots.

    python benchmarks/contrast.py [--look dark] [--view settings] [--text-size 100] [--worst 5]

Opens every view of the window on a virtual screen (Xvfb), takes a screenshot of each, and measures
every widget in it: its text against the commonest colour around it, and the border of a control
against what is outside of it and, where it has no colour of its own, inside. Prints the lowest
contrast of each look and view, and the widgets that have it. WCAG 2.2 asks for 7:1 for text (level
AAA) and 3:1 for controls.
"""

import argparse
import os
import sys
import tempfile
import tkinter as tk
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from image_describer.app.key_bindings import descendants
from image_describer.app.theme import PALETTES
from image_describer.app.voice import self_voicing
from image_describer.library.history import History
from tests.app.test_reachable import OPENED_BY
from tests.support.contrast import contrast
from tests.support.screen import Screen
from tests.support.texts import LETTER
from tests.support.window import AppDriver, FakeDescriber

PICTURE = Path(__file__).resolve().parent.parent / "assets" / "samples" / "cat.jpg"
TEXTS = ("TLabel", "TButton", "TCheckbutton", "TEntry", "TCombobox", "Text", "Listbox", "Treeview")
CONTROLS = ("TButton", "TEntry", "TCombobox")
CARDS = ("Text", "Listbox", "Treeview")  # the border is around their master
DRAWN = ("TCheckbutton", "TScale")  # a box or a line at their left, without a border around them
INSIDE_PX = 14  # from the edge of a widget to what is inside its border
LEAST_TEXT, LEAST_BORDER = 7.0, 3.0


def text_contrast(shot: Image.Image) -> float:
    """The highest contrast with the commonest colour: antialiasing only makes lower ones."""
    colours = Counter(shot.get_flattened_data())
    background = colours.most_common(1)[0][0]
    return max(contrast(background, colour) for colour in colours)


def border_contrast(shot: Image.Image) -> float:
    """The lowest over the four sides of the best contrast between the outside and the border."""
    width, height = shot.size
    lines = (
        [(x, height // 2) for x in range(INSIDE_PX)],
        [(width - 1 - x, height // 2) for x in range(INSIDE_PX)],
        [(width // 2, y) for y in range(INSIDE_PX)],
        [(width // 2, height - 1 - y) for y in range(INSIDE_PX)],
    )
    sides = [[shot.getpixel(place) for place in line] for line in lines]
    return min(max(contrast(side[0], colour) for colour in side) for side in sides)


def box(widget: tk.Misc, inset: int = 0) -> tuple[int, int, int, int]:
    left, top = widget.winfo_rootx() + inset, widget.winfo_rooty() + inset
    right, bottom = left + widget.winfo_width(), top + widget.winfo_height()
    return left, top, right - 2 * inset, bottom - 2 * inset


def measure(window: tk.Misc, shot: Image.Image) -> Iterator[tuple[str, float, str]]:
    """("text" or "border", contrast, what the widget is) of all widgets that are in full view."""
    frame = box(window)
    for widget in descendants(window):
        kind = widget.winfo_class()
        left, top, right, bottom = box(widget)
        whole = frame[0] <= left and frame[1] <= top and right <= frame[2] and bottom <= frame[3]
        if not widget.winfo_viewable() or not whole or min(right - left, bottom - top) < INSIDE_PX:
            continue
        name = f"{kind} {self_voicing.spoken_text(widget)[:40]}"
        if kind in TEXTS:
            inset = INSIDE_PX if kind in CONTROLS else 0
            seen = text_contrast(shot.crop(box(widget, inset)))
            if seen > 1:  # otherwise it is empty
                yield "text", seen, name
        if kind in CONTROLS:
            yield "border", border_contrast(shot.crop(box(widget))), name
        elif kind in CARDS:
            assert widget.master is not None
            yield "border", border_contrast(shot.crop(box(widget.master))), name
        elif kind in DRAWN:
            begin, end = left + INSIDE_PX // 2, left + (bottom - top) // 2
            yield "border", text_contrast(shot.crop((begin, top, end, bottom))), name


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--look", nargs="+", choices=list(PALETTES), default=list(PALETTES))
    parser.add_argument("--view", nargs="+", choices=list(OPENED_BY), default=list(OPENED_BY))
    parser.add_argument("--text-size", type=int, default=100, metavar="PERCENT")
    parser.add_argument("--worst", type=int, default=0, help="how many widgets to list")
    options = parser.parse_args()
    screen = Screen()
    os.environ["DISPLAY"] = screen.display
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        os.environ["HOME"] = folder
        for look in options.look:
            for view in options.view:
                history = History(Path(folder) / f"{look}-{view}.sqlite3")
                driver = AppDriver(screen, FakeDescriber(text=LETTER), history=history)
                driver.app.settings_controller.set(look=look, text_size=options.text_size)
                driver.describe(str(PICTURE))
                window: tk.Misc = driver.root
                if OPENED_BY[view]:
                    driver.press(OPENED_BY[view])
                    driver.until(lambda driver=driver: driver.context.dialogs, view)
                    window = driver.context.dialogs[-1]
                driver.until_idle()
                found = sorted(measure(window, screen.shot()), key=lambda item: item[1])
                for what, least in (("text", LEAST_TEXT), ("border", LEAST_BORDER)):
                    values = [(ratio, name) for kind, ratio, name in found if kind == what]
                    print(f"{look}, {view}: {what} {values[0][0]:.2f}, {len(values)} widgets")
                    failed |= values[0][0] < least
                    for ratio, name in values[: options.worst]:
                        print(f"    {ratio:.2f} {name}")
                driver.root.destroy()
    screen.close()
    sys.exit(failed)


if __name__ == "__main__":
    main()
