"""How many words of real programs are read from screenshots of them.

    python benchmarks/read_screens.py [--engine ours rapidocr] [--into FOLDER] [--only WORD...]

Starts programs on a virtual screen (Xvfb), waits until they stand still, takes a screenshot and
reads it: our own window, IDLE with a file, a window made with Tk, xterm in two fonts, Chromium with
a page in light and dark, a text in Zenity (GTK). What each shows is asked of its widgets or was
given to it. Those that aren't installed are left out:

    apt-get install xvfb xdotool xterm chromium zenity

The programs that are drawn by Tk run under this file (`--inside`), which asks the widgets.
"""

import argparse
import contextlib
import os
import runpy
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import measure
import numpy as np
import read_text
from PIL import Image, ImageChops
from reading import score, texts

sys.path.insert(0, str(measure.HERE.parent))

from tests.support.screen import SIZE_PX, Screen, app_folders

WORDS_TARGET = 0.95
LIMIT_S = 180.0
STILL_S = 3.0  # nothing changed for so long: it is drawn
CARET_PX = (12, 60)  # a smaller change is a caret that blinks
ASK_AFTER_MS = 4000


@dataclass(frozen=True)
class Program:
    """A program on the screen: how it is started, and what it shows once it stands still."""

    name: str
    command: list[str]
    shows: Callable[[], str]
    needs: str = sys.executable


def widget_texts(widget: Any) -> Iterator[str]:
    """What the visible widgets of Tk in ``widget`` show, from the outside inwards."""
    import tkinter
    from tkinter import ttk

    if not widget.winfo_viewable():
        return
    if isinstance(widget, (tkinter.Tk, tkinter.Toplevel)):
        if menu := str(widget.cget("menu")):
            bar = widget.nametowidget(menu)
            entries = range((bar.index("end") or 0) + 1)
            yield " ".join(bar.entrycget(i, "label") for i in entries if bar.type(i) == "cascade")
    elif isinstance(widget, tkinter.Text):
        first, last = widget.index("@0,0"), widget.index(f"@0,{widget.winfo_height()}")
        yield widget.get(first, f"{last} lineend")
    elif isinstance(widget, tkinter.Listbox):
        yield from widget.get(widget.nearest(0), widget.nearest(widget.winfo_height()))
    elif isinstance(widget, ttk.Treeview):
        for column in ("#0", *widget["columns"]):
            yield widget.heading(column, "text")
        for row in widget.get_children():
            if widget.bbox(row):
                yield from (widget.item(row, "text"), *map(str, widget.item(row, "values")))
    elif isinstance(widget, (tkinter.Entry, ttk.Entry)):
        yield widget.get()
    else:
        with contextlib.suppress(tkinter.TclError):
            yield str(widget.cget("text"))
    for child in widget.winfo_children():
        if not isinstance(child, (tkinter.Menu, tkinter.Toplevel)):
            yield from widget_texts(child)


def inside(into: Path, module: str, arguments: list[str]) -> None:
    """Run a module that shows a window of Tk, and write every second what it shows to ``into``."""
    import tkinter

    loop = tkinter.Misc.mainloop

    def ask(root: Any) -> None:
        shown = "\n".join(text for text in widget_texts(root) if text)
        for window in root.winfo_children():
            if window.winfo_class() == "Toplevel":
                shown += "\n" + "\n".join(text for text in widget_texts(window) if text)
        into.write_text(shown, encoding="utf-8")
        root.after(1000, ask, root)

    def mainloop(self: Any, n: int = 0) -> None:
        root = self._root()
        root.after(ASK_AFTER_MS, ask, root)
        loop(self, n)

    tkinter.Misc.mainloop = mainloop  # type: ignore[method-assign]
    sys.argv = [module, *arguments]
    if module.endswith(".py"):
        runpy.run_path(module, run_name="__main__")
    else:
        runpy.run_module(module, run_name="__main__")


TK_WINDOW = """
import tkinter
from tkinter import ttk
root = tkinter.Tk()
root.title("Orders")
root.geometry("900x640+40+40")
ttk.Label(root, text="Orders of this week", font=("", 18)).pack(anchor="w", padx=12, pady=8)
table = ttk.Treeview(root, columns=("place", "train", "platform"), height=8)
for column, title in (("#0", "Time"), ("place", "Destination"), ("train", "Train"),
                      ("platform", "Platform")):
    table.heading(column, text=title)
for time, *values in ROWS:
    table.insert("", "end", text=time, values=values)
table.pack(fill="x", padx=12)
entry = ttk.Entry(root)
entry.insert(0, "Search in 214 orders")
entry.pack(fill="x", padx=12, pady=8)
for text in ("Send me a message for every new order", "Print the labels at once",
             "Show orders that were paid"):
    ttk.Checkbutton(root, text=text).pack(anchor="w", padx=12)
bar = ttk.Frame(root)
for text in ("Add", "Change", "Delete", "Export as table"):
    ttk.Button(bar, text=text).pack(side="left", padx=4)
bar.pack(anchor="w", padx=12, pady=12)
tkinter.Message(root, text=NOTE, width=860).pack(anchor="w", padx=12)
root.mainloop()
"""


def page(dark: bool) -> tuple[str, str]:
    """A page as HTML, and its text."""
    parts = [("h1", texts.HEADINGS["en"][0]), ("p", texts.PARAGRAPHS["en"][5])]
    parts += [("h2", texts.HEADINGS["fr"][1]), ("p", texts.PARAGRAPHS["fr"][2])]
    parts += [("h2", texts.HEADINGS["de"][2]), ("p", texts.PARAGRAPHS["de"][5])]
    rows = texts.TABLES["departures"]
    table = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    body = "".join(f"<{tag}>{escape(text)}</{tag}>" for tag, text in parts)
    colors = "background:#16181c;color:#ddd" if dark else "background:white;color:#222"
    html = (
        f"<!doctype html><meta charset=utf-8><title>Page</title><body style='{colors};"
        f"font:16px/1.5 sans-serif;max-width:46em;margin:1em 3em'>{body}"
        f"<table cellpadding=6>{table}</table>"
    )
    text = "\n".join([text for _, text in parts] + [" ".join(row) for row in rows])
    return html, text


def programs(folder: Path) -> Iterator[Program]:
    """What is shown, in the order in which it is."""

    def tk(name: str, module: str, *arguments: str) -> Program:
        shown = folder / f"{name.replace(' ', '-')}.shown"
        command = [sys.executable, __file__, "--inside", str(shown), module, *arguments]
        return Program(name, command, lambda: shown.read_text("utf-8"))

    yield tk("our window", "image_describer", "--offline", str(measure.SAMPLE))
    code = folder / "orders.py"
    code.write_text("\n".join(texts.CODE) + "\n", encoding="utf-8")
    yield tk("IDLE", "idlelib", str(code))
    window = folder / "window.py"
    names = f"ROWS = {texts.TABLES['departures'][1:]!r}\nNOTE = {texts.PARAGRAPHS['en'][6]!r}\n"
    window.write_text(names + TK_WINDOW, encoding="utf-8")
    yield tk("Tk window", str(window))
    lines = folder / "lines.txt"
    text = "\n".join(" ".join(row) for row in texts.TABLES["wages"]) + "\n\n"
    text += "\n".join(
        " ".join(words) for words in np.array_split(texts.PARAGRAPHS["en"][2].split(), 4)
    )
    lines.write_text(text + "\n", encoding="utf-8")
    show = ["-e", "sh", "-c", f"cat {lines}; sleep 1000"]
    for name, *look in (
        ("xterm", "-fa", "DejaVu Sans Mono", "-fs", "12", "-bg", "white", "-fg", "black"),
        ("dark xterm", "-fa", "Liberation Mono", "-fs", "10", "-bg", "black", "-fg", "gray90"),
    ):
        command = ["xterm", "-geometry", "80x24+20+20", "-T", "Terminal", *look, *show]
        yield Program(name, command, lambda: text, "xterm")
    for name, dark in (("Chromium", False), ("dark Chromium", True)):
        html, shown = page(dark)
        file = folder / f"{name.replace(' ', '-')}.html"
        file.write_text(html, encoding="utf-8")
        flags = "--no-sandbox --disable-gpu --no-first-run --disable-sync --disable-extensions "
        flags += f"--window-size={SIZE_PX[0]},{SIZE_PX[1]} --window-position=0,0"
        command = [
            "chromium",
            *flags.split(),
            f"--user-data-dir={folder / name}",
            f"--app={file.as_uri()}",
        ]
        yield Program(name, command, lambda shown=shown: shown, "chromium")
    note = folder / "note.txt"
    note.write_text(texts.PARAGRAPHS["en"][1] + "\n", encoding="utf-8")
    yield Program(
        "Zenity",
        [
            "zenity",
            "--text-info",
            f"--filename={note}",
            "--width=700",
            "--height=300",
            "--title=Note",
            "--ok-label=Keep this",
            "--cancel-label=Go back",
        ],
        lambda: note.read_text("utf-8") + "Keep this Go back",
        "zenity",
    )


def changed(before: Image.Image, after: Image.Image) -> bool:
    """Whether more changed than a caret, which blinks as long as the window is open."""
    x0, y0, x1, y1 = ImageChops.difference(before, after).getbbox() or (0, 0, 0, 0)
    return x1 - x0 > CARET_PX[0] or y1 - y0 > CARET_PX[1]


def still(screen: Screen, program: Program, process: subprocess.Popen[bytes]) -> Image.Image:
    """The screen once something is on it and has not changed for STILL_S."""
    limit = time.monotonic() + LIMIT_S
    last, since = None, time.monotonic()
    while time.monotonic() < limit:
        time.sleep(0.5)
        if process.poll() is not None:
            raise RuntimeError(f"{program.name} ended with status {process.returncode}.")
        shot = screen.shot()
        if last is None or changed(last, shot):
            since = time.monotonic()
        last = shot
        blank = len(shot.getcolors(maxcolors=3) or (0, 0, 0)) < 3
        with contextlib.suppress(OSError):
            if time.monotonic() - since > STILL_S and not blank and program.shows():
                return shot
    raise RuntimeError(f"{program.name} was not drawn within {LIMIT_S:.0f} s.")


def shoot(program: Program, folder: Path) -> tuple[Path, str]:
    """Start the program and return its screenshot and what it shows."""
    screen = Screen()
    environment = {
        **os.environ,
        **app_folders(folder),
        "DISPLAY": screen.display,
        "PYTHONPATH": str(measure.HERE.parent),
    }
    errors = folder / f"{program.name.replace(' ', '-').lower()}.err"
    with errors.open("wb") as stderr:
        process = subprocess.Popen(
            program.command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=stderr,
            start_new_session=True,
        )
    try:
        image = still(screen, program, process)
        shown = program.shows()
    except RuntimeError as error:
        raise SystemExit(f"{error} What it said is in {errors}.") from None
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, 15)
        process.wait()
        screen.close()
    file = folder / f"{program.name.replace(' ', '-').lower()}.png"
    image.save(file)
    file.with_suffix(".txt").write_text(shown, encoding="utf-8")
    return file, shown


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    engines = list(read_text.ENGINES)
    parser.add_argument("--engine", nargs="+", choices=engines, default=engines)
    parser.add_argument("--into", type=Path, help="keep the screenshots there")
    parser.add_argument("--only", nargs="+", default=[], help="programs with such a word")
    parser.add_argument("--threads", type=int)
    parser.add_argument("--inside", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside:
        into, module, *arguments = options.inside
        inside(Path(into), module, arguments)
        return 0
    folder = options.into or Path(tempfile.mkdtemp())
    folder.mkdir(parents=True, exist_ok=True)
    screens = {}
    for program in programs(folder.resolve()):
        if options.only and not any(word in program.name for word in options.only):
            continue
        if shutil.which(program.needs):
            screens[program.name] = shoot(program, folder.resolve())
        else:
            print(f"Without {program.name}: {program.needs} is not installed.", file=sys.stderr)
    result: dict[str, Any] = {"machine": measure.machine(), "target": WORDS_TARGET}
    share = {}
    for engine in options.engine:
        if not read_text.installed(engine):
            print(read_text.INSTALL, file=sys.stderr)
            continue
        read = read_text.ENGINES[engine](options.threads)
        programs_read: dict[str, Any] = {}
        for name, (file, shown) in screens.items():
            wanted = score.words(shown)
            missed = sorted((wanted - score.words(read(file))).elements())
            number = wanted.total()
            programs_read[name] = {"words": number, "found": number - len(missed), "missed": missed}
            print(f"{engine:10} {name:16} {number - len(missed):4} of {number:4} words", *missed)
        found, number = (
            sum(entry[key] for entry in programs_read.values()) for key in ("found", "words")
        )
        share[engine] = found / number
        print(f"{engine:10} {share[engine]:.1%} of {number} words")
        result[engine] = {"words found": round(share[engine], 4), "programs": programs_read}
    print(f"Screenshots are in {folder}.")
    if not options.only:
        print(f"Written to {measure.write('read_screens', result)}")
    return 0 if share.get("ours", 1.0) >= WORDS_TARGET else 1


if __name__ == "__main__":
    sys.exit(main())
