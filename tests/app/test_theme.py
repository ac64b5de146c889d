"""Colours and type: contrast in numbers, and everything that was dressed follows a change."""

import tkinter as tk
from collections.abc import Callable
from typing import Any

import pytest

from image_describer.app import theme
from tests.support.window import AppDriver

KINDS = (
    *("window", "frame", "text", "button", "label", "status"),
    *("entry", "list", "slider", "check", "choice", "picture", "menu"),
)
ENOUGH = 7.0  # WCAG 2.2, 1.4.6, level AAA
FOR_EDGES = 3.0  # 1.4.11: parts that are not text
PAIRS = (
    ("foreground", "background"),
    ("activeforeground", "activebackground"),
    ("selectforeground", "selectbackground"),
    ("insertbackground", "background"),
)


def luminance(colour: str) -> float:
    """Relative luminance of "#rrggbb", as WCAG defines it."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_contrast_is_what_wcag_says() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("palette", [theme.NORMAL, theme.HIGH_CONTRAST], ids=["normal", "high"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_text_has_seven_to_one(palette: theme.Palette, kind: str) -> None:
    options = theme.options(kind, palette)
    for front, back in PAIRS:
        if front in options and back in options:
            assert contrast(options[front], options[back]) >= ENOUGH, (front, back)
    if "highlightcolor" in options:
        assert contrast(options["highlightcolor"], palette.background) >= ENOUGH
    if "troughcolor" in options:
        assert contrast(options["troughcolor"], options["background"]) >= FOR_EDGES


def test_in_high_contrast_what_can_be_pressed_has_an_edge() -> None:
    for kind in ("button", "entry", "list", "check", "choice", "slider"):
        edge = theme.options(kind, theme.HIGH_CONTRAST)["highlightbackground"]
        assert contrast(edge, theme.HIGH_CONTRAST.background) >= ENOUGH


@pytest.mark.gui
def test_everything_follows_a_change(drive: Callable[..., AppDriver]) -> None:
    driven = drive()
    driven.press("F1")
    driven.app.settings_controller.set(high_contrast=True, text_size=150)
    driven.root.update()
    dressed = [one for one in everything(driven.root) if hasattr(one, "style_kind")]
    assert len(dressed) > 12
    for widget in dressed:
        for option, value in theme.options(widget.style_kind, theme.HIGH_CONTRAST).items():
            assert str(widget.cget(option)) == str(value if value is not False else 0), option
    points = driven.root.tk.call("font", "actual", theme.font("sentence"), "-size")
    assert points == round(theme.POINTS["sentence"] * 1.5)


def everything(widget: tk.Misc) -> list[Any]:
    found: list[Any] = [widget]
    for child in widget.winfo_children():
        found += everything(child)
    return found


@pytest.mark.gui
@pytest.mark.parametrize("size", [75, 100, 150, 200, 250])
def test_no_button_is_cut_off_at_any_size(drive: Callable[..., AppDriver], size: int) -> None:
    driven = drive()
    driven.app.settings_controller.set(text_size=size, high_contrast=True)
    driven.for_s(0.3)
    window = driven.app.window
    edge = driven.root.winfo_rootx() + driven.root.winfo_width()
    bottom = driven.root.winfo_rooty() + driven.root.winfo_height()
    for widget in (*window.buttons.values(), window.sentence, window.view):
        assert widget.winfo_viewable()
        assert widget.winfo_rootx() + widget.winfo_width() <= edge
        assert widget.winfo_rooty() + widget.winfo_height() <= bottom
    for button in window.buttons.values():
        assert button.winfo_width() >= button.winfo_reqwidth(), size
    assert window.view.winfo_height() >= 60
