"""Colours and fonts: contrast ratios, and live changes of palette and text size."""

import tkinter as tk
from collections.abc import Callable
from tkinter import ttk
from typing import Any

import pytest

from image_describer.app import theme
from tests.support.contrast import contrast
from tests.support.window import AppDriver

TEXT_CONTRAST = 7.0  # WCAG 2.2, 1.4.6, level AAA
EDGE_CONTRAST = 3.0  # WCAG 2.2, 1.4.11
TEXTS = (
    *(("text", behind) for behind in ("background", "surface", "button", "hover", "chip")),
    *(("quiet_text", behind) for behind in ("background", "surface")),
    *(("accent_text", behind) for behind in ("accent", "accent_hover")),
    ("selection_text", "selection"),
    *(("focus", behind) for behind in ("background", "surface")),  # also the caret
    ("background", "quiet_text"),  # the row at the cursor of a list without the focus
)
EDGES = (
    *(("border", beside) for beside in ("background", "surface", "button")),
    *(("accent", beside) for beside in ("background", "surface")),
    ("selection", "surface"),
)


def test_the_contrast_ratio_is_that_of_wcag() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("look", theme.PALETTES)
@pytest.mark.parametrize(
    ("pairs", "least"), [(TEXTS, TEXT_CONTRAST), (EDGES, EDGE_CONTRAST)], ids=["texts", "edges"]
)
def test_texts_and_edges_stand_out(
    look: theme.Look, pairs: tuple[tuple[str, str], ...], least: float
) -> None:
    palette = theme.PALETTES[look]
    for front, back in pairs:
        assert contrast(getattr(palette, front), getattr(palette, back)) >= least, (front, back)


@pytest.mark.gui
def test_all_widgets_follow_a_change(drive: Callable[..., AppDriver]) -> None:
    driven = drive()
    driven.press("F1")
    driven.app.settings_controller.set(look="high contrast", text_size=150)
    driven.root.update()
    palette = theme.PALETTES["high contrast"]
    styled = [widget for widget in descendants(driven.root) if hasattr(widget, "style_kind")]
    assert len(styled) > 5
    for widget in styled:
        for option, value in theme.options(widget.style_kind, palette).items():
            assert str(widget.cget(option)) == str(value), option
    style = ttk.Style(driven.root)
    assert style.lookup("TButton", "foreground") == palette.text
    points = driven.root.tk.call("font", "actual", theme.font("sentence"), "-size")
    assert points == round(theme.POINTS["sentence"] * 1.5)


@pytest.mark.gui
def test_no_widget_of_the_program_is_drawn_without_the_theme(
    drive: Callable[..., AppDriver],
) -> None:
    driven = drive()
    for key in ("F1", "ctrl+o", "ctrl+comma"):
        driven.press(key)
        driven.until(lambda: driven.context.dialogs, "the dialog")
        for widget in descendants(driven.root):
            plain = not widget.winfo_class().startswith(("T", "Image"))
            assert not plain or hasattr(widget, "style_kind") or isinstance(widget, tk.Menu), widget
        driven.press("Escape")


def descendants(widget: tk.Misc) -> list[Any]:
    found: list[Any] = [widget]
    for child in widget.winfo_children():
        found += descendants(child)
    return found


@pytest.mark.gui
@pytest.mark.parametrize("size", [75, 150, 250])
def test_no_button_is_cut_off_at_any_size(drive: Callable[..., AppDriver], size: int) -> None:
    driven = drive()
    driven.app.settings_controller.set(text_size=size, look="dark")
    driven.settle()
    window = driven.app.window
    edge = driven.root.winfo_rootx() + driven.root.winfo_width()
    bottom = driven.root.winfo_rooty() + driven.root.winfo_height()
    # A few of the buttons are hidden where they don't fit into one row.
    buttons = {name: shown for name, shown in window.buttons.items() if shown.winfo_viewable()}
    assert {"open", "repeat", "settings", "help"} <= buttons.keys()
    for widget in (*buttons.values(), window.sentence, window.view):
        assert widget.winfo_viewable()
        assert widget.winfo_rootx() + widget.winfo_width() <= edge
        assert widget.winfo_rooty() + widget.winfo_height() <= bottom
    for button in buttons.values():
        assert button.winfo_width() >= button.winfo_reqwidth(), size
    assert window.view.winfo_height() >= 60
