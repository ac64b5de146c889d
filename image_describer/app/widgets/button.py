"""A button that Space and Return press."""

import tkinter as tk
from collections.abc import Callable
from typing import Any

from image_describer.app import theme

RETURN_KEYS = ("<Return>", "<KP_Enter>")


class Button(tk.Button):
    """A button that Space and Return press. A second line of ``text`` shows its key."""

    def __init__(
        self, master: tk.Misc, text: str, command: Callable[[], Any], **options: Any
    ) -> None:
        options = {"font": theme.font("button"), "relief": "flat", "padx": 4, "pady": 4, **options}
        super().__init__(master, text=text, command=command, **options)
        theme.apply_style(self, "button")
        press_with_return(self)


def press_with_return(button: tk.Button | tk.Checkbutton) -> None:
    """Let Return press ``button`` exactly once, even where Tk has a binding of its own for it."""

    def press(_event: object) -> str:
        button.invoke()
        return "break"

    for key in RETURN_KEYS:
        button.bind(key, press)
