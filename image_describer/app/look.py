"""How the window looks: white on black, large type, a focus nobody can miss."""

import tkinter as tk

BACKGROUND = "#000000"
TEXT = "#ffffff"
QUIET_TEXT = "#d0d0d0"  # 13.6 : 1 on black, well above the 7 : 1 that WCAG asks for at level AAA
BUTTON = "#262626"
BUTTON_PRESSED = "#4d4d4d"
FOCUS = "#ffd500"
SELECTION = "#ffd500"
SELECTION_TEXT = "#000000"

FAMILY = "TkDefaultFont"
SENTENCE_PT = 22
BUTTON_PT = 14
STATUS_PT = 13
FOCUS_PX = 4  # thick enough to be found at a glance by someone with low vision


def fonts(root: tk.Misc) -> dict[str, tuple[str, int]]:
    """The fonts by their use, in the platform's own family; points follow the screen's scaling."""
    family = str(root.tk.call("font", "actual", FAMILY, "-family"))
    return {
        "sentence": (family, SENTENCE_PT),
        "button": (family, BUTTON_PT),
        "status": (family, STATUS_PT),
    }


def focus_ring() -> dict[str, object]:
    """Options of a widget that may have the focus."""
    return {
        "highlightthickness": FOCUS_PX,
        "highlightbackground": BACKGROUND,
        "highlightcolor": FOCUS,
        "takefocus": 1,
    }


def paint(root: tk.Tk) -> None:
    """Give the menus, which Tk draws itself on Linux, the same colours and type."""
    root.configure(background=BACKGROUND)
    for option, value in (
        ("background", BUTTON),
        ("foreground", TEXT),
        ("activeBackground", FOCUS),
        ("activeForeground", SELECTION_TEXT),
        ("font", fonts(root)["status"]),
    ):
        root.option_add(f"*Menu.{option}", value)
