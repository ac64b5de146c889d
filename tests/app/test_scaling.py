"""Windows' scaling, and that every length in the window follows that of the screen."""

import ast
import ctypes
import tkinter as tk
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from image_describer import app
from image_describer.app import scaling, theme
from image_describer.app.scaling import LOOK_AFTER_MS, ScalingWatch
from tests.support.screen import Screen
from tests.support.system_library import FakeLibrary
from tests.support.window import KEPT, AppDriver

LENGTHS = {
    *("padx", "pady", "ipadx", "ipady", "minsize", "borderwidth", "insertwidth"),
    "highlightthickness",
}


def windows(monkeypatch: pytest.MonkeyPatch, **libraries: dict[str, Callable[..., object]]) -> None:
    """Let ctypes load ``libraries`` only, each with its functions."""

    def load(name: str) -> FakeLibrary:
        if name not in libraries:
            raise OSError(name)
        return FakeLibrary(**libraries[name])

    monkeypatch.setattr(ctypes, "CDLL", load)


def test_windows_is_asked_for_real_pixels(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []

    def newest(context: int) -> bool:
        asked.append(context)
        return True

    windows(monkeypatch, user32={"SetProcessDpiAwarenessContext": newest})
    scaling.be_dpi_aware("win32")
    assert asked == [-4]


def test_older_versions_are_asked_in_their_way(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    oldest = {"SetProcessDPIAware": lambda: asked.append("aware")}
    refused = {**oldest, "SetProcessDpiAwarenessContext": lambda _context: False}
    windows(monkeypatch, user32=refused, shcore={"SetProcessDpiAwareness": asked.append})
    scaling.be_dpi_aware("win32")
    windows(monkeypatch, user32=oldest, shcore={"SetProcessDpiAwareness": asked.append})
    scaling.be_dpi_aware("win32")
    windows(monkeypatch, user32=oldest)
    scaling.be_dpi_aware("win32")
    assert asked == [2, 2, "aware"]


def test_other_systems_are_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    windows(monkeypatch)
    for platform in ("linux", "darwin"):
        scaling.be_dpi_aware(platform)


@pytest.fixture
def scaling_before(screen: Screen) -> Iterator[float]:
    """Tk's scaling, which all windows of this process share."""
    root = tk.Tk()
    KEPT.append(root)
    before = float(root.tk.call("tk", "scaling"))
    yield before
    root.tk.call("tk", "scaling", before)
    root.destroy()


@pytest.mark.gui
def test_everything_grows_on_a_screen_with_another_scaling(
    drive: Callable[..., AppDriver], scaling_before: float
) -> None:
    driven = drive()
    root = driven.root
    font_px = theme.line_height(root, "sentence")
    button_px = driven.app.window.buttons["open"].winfo_reqheight()
    dpi = [round(scaling_before * 72)]
    ScalingWatch(root, driven.app.settings_controller.draw_again, lambda _root: dpi[0])
    root.geometry("+20+20")
    driven.for_s(2 * LOOK_AFTER_MS / 1000)
    length_px = theme.px(root, 100)
    dpi[0] *= 2
    root.geometry("+40+40")
    driven.until(lambda: theme.px(root, 100) > length_px, "the other scaling")
    driven.settle()
    assert theme.line_height(root, "sentence") == pytest.approx(2 * font_px, abs=3)
    assert driven.app.window.buttons["open"].winfo_reqheight() == pytest.approx(
        2 * button_px, abs=4
    )
    driven.press("F1")
    driven.until(lambda: driven.context.dialogs, "the help")
    edge = driven.context.dialogs[0].body.grid_info()["padx"]  # type: ignore[attr-defined]
    assert edge == theme.px(root, 8) > 12


def test_every_length_is_scaled() -> None:
    """No widget is given a number of pixels that would be the same on every screen."""
    found = []
    for file in sorted(Path(app.__path__[0]).rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.keyword) or node.arg not in LENGTHS:
                continue
            several = isinstance(node.value, ast.Tuple)
            values = node.value.elts if several else [node.value]  # type: ignore[attr-defined]
            for value in values:
                number = isinstance(value, ast.Constant) and value.value not in (0, "")
                if number or (isinstance(value, ast.Name) and value.id.endswith("_PX")):
                    found.append(f"{file.name}:{value.lineno} {node.arg}")
    assert found == []


def test_tk_has_one_scaling_elsewhere() -> None:
    class Window:
        tk = type("Tk", (), {"call": lambda *_words: "x11"})

    window: tk.Tk = Window()  # type: ignore[assignment]
    assert scaling.window_dpi(window) == 0
