"""F1: the text of the help, for the eye and for the ear."""

from image_describer.app import keymap
from image_describer.i18n import N_, _

TITLE = N_("Help")
INTRODUCTION = N_(
    "Image Describer says what a photograph shows. It can be wrong, and says how sure it is. "
    "Tab moves from the sentence to the buttons; the arrow keys read the sentence."
)
OF_A_TEXT = N_(
    "The arrow keys read the text by line and letter, {next_word} by word. Escape closes."
)
MORE = N_("The keys of the main window follow.")


def shown(keys: str = "") -> str:
    """What F1 shows; ``keys`` are those of the dialog that is open, in English."""
    keys = keymap.with_keys(_(keys))
    return "\n".join([*([keys, ""] if keys else []), _(INTRODUCTION), "", *keymap.help_lines()])


def spoken(keys: str = "") -> str:
    """What F1 says: in a dialog, only the keys of that."""
    keys = keymap.with_keys(_(keys), keymap.spoken)
    return f"{keys} {_(MORE)}" if keys else f"{_(INTRODUCTION)} {keymap.spoken_help()}"
