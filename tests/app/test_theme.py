"""Colours and fonts: contrast ratios, and live changes of palette and text size."""

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
TEXT_CONTRAST = 7.0  # WCAG 2.2, 1.4.6, level AAA
EDGE_CONTRAST = 3.0  # WCAG 2.2, 1.4.11
PAIRS = (
    ("foreground", "background"),
    ("activeforeground", "activebackground"),
    ("selectforeground", "selectbackground"),
    ("insertbackground", "background"),
)


def luminance(colour: str) -> float:
    """Return the relative luminance of "#rrggbb" as WCAG defines it."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_the_contrast_ratio_is_that_of_wcag() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("palette", [theme.NORMAL, theme.HIGH_CONTRAST], ids=["normal", "high"])
@pytest.mark.parametrize("kind", KINDS)
def test_all_text_has_a_contrast_of_seven_to_one(palette: theme.Palette, kind: str) -> None:
    options = theme.options(kind, palette)
    for front, back in PAIRS:
        if front in options and back in options:
            assert contrast(options[front], options[back]) >= TEXT_CONTRAST, (front, back)
    if "highlightcolor" in options:
        assert contrast(options["highlightcolor"], palette.background) >= TEXT_CONTRAST
    if "troughcolor" in options:
        assert contrast(options["troughcolor"], options["background"]) >= EDGE_CONTRAST


def test_controls_have_an_edge_in_high_contrast() -> None:
    for kind in ("button", "entry", "list", "check", "choice", "slider"):
        edge = theme.options(kind, theme.HIGH_CONTRAST)["highlightbackground"]
        assert contrast(edge, theme.HIGH_CONTRAST.background) >= TEXT_CONTRAST


@pytest.mark.gui
def test_all_widgets_follow_a_change(drive: Callable[..., AppDriver]) -> None:
    driven = drive()
    driven.press("F1")
    driven.app.settings_controller.set(high_contrast=True, text_size=150)
    driven.root.update()
    styled = [widget for widget in descendants(driven.root) if hasattr(widget, "style_kind")]
    assert len(styled) > 12
    for widget in styled:
        for option, value in theme.options(widget.style_kind, theme.HIGH_CONTRAST).items():
            assert str(widget.cget(option)) == str(value if value is not False else 0), option
    points = driven.root.tk.call("font", "actual", theme.font("sentence"), "-size")
    assert points == round(theme.POINTS["sentence"] * 1.5)


def descendants(widget: tk.Misc) -> list[Any]:
    found: list[Any] = [widget]
    for child in widget.winfo_children():
        found += descendants(child)
    return found


@pytest.mark.gui
@pytest.mark.parametrize("size", [75, 150, 250])
def test_no_button_is_cut_off_at_any_size(drive: Callable[..., AppDriver], size: int) -> None:
    driven = drive()
    driven.app.settings_controller.set(text_size=size, high_contrast=True)
    driven.settle()
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
