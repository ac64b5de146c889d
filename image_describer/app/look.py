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

# The fonts of the dialogs that Tk itself draws on Linux, small by default.
TK_FONTS = ("TkDefaultFont", "TkTextFont", "TkHeadingFont", "TkCaptionFont", "TkIconFont")
FAMILY = "TkDefaultFont"
SENTENCE_PT = 22
HELP_PT = 16
BUTTON_PT = 14
STATUS_PT = 13
FOCUS_PX = 4  # thick enough to be found at a glance by someone with low vision


def fonts(root: tk.Misc) -> dict[str, tuple[str, int]]:
    """The fonts by their use, in the platform's own family; points follow the screen's scaling."""
    family = str(root.tk.call("font", "actual", FAMILY, "-family"))
    return {
        "sentence": (family, SENTENCE_PT),
        "help": (family, HELP_PT),
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
    """Give the menus and dialogs, which Tk draws itself on Linux, colours and type to match."""
    root.configure(background=BACKGROUND)
    if root.tk.call("tk", "windowingsystem") == "x11":
        for name in TK_FONTS:
            root.tk.call("font", "configure", name, "-size", STATUS_PT)
    for option, value in (
        ("background", BUTTON),
        ("foreground", TEXT),
        ("activeBackground", FOCUS),
        ("activeForeground", SELECTION_TEXT),
        ("font", fonts(root)["status"]),
    ):
        root.option_add(f"*Menu.{option}", value)
