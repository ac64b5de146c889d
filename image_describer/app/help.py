"""F1: the text of the help, for the eye and for the ear."""

from image_describer.app import keymap

TITLE = "Help"
INTRODUCTION = (
    "Image Describer says what a photograph shows. It can be wrong, and says how sure it is. "
    "Tab moves from the sentence to the buttons; the arrow keys read the sentence."
)


def shown() -> str:
    """What F1 shows."""
    return "\n".join([INTRODUCTION, "", *keymap.help_lines()])


def spoken() -> str:
    """What F1 says."""
    return f"{INTRODUCTION} {keymap.spoken_help()}"
