"""Every command of the window, in one table: bindings, menus, buttons, F1 and the docs use it.

Nothing here needs Tk, so that the command line and the docs can use the table, too.
"""

import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from image_describer.i18n import N_

CONTROL_ALONE = N_("Control alone")


@dataclass(frozen=True)
class Menu:
    """A menu of the window; ``letter`` opens it together with Alt."""

    name: str
    letter: str


@dataclass(frozen=True)
class Command:
    """Something the window can do.

    ``name`` is its method of the Application, ``label`` is on its button and menu entry, ``keys``
    are written as people read them ("Ctrl+O"), ``does`` completes "this key will ..." and has the
    keys that it names in braces, ``letter``
    selects the entry once its menu is open. ``everywhere``: it also works while a dialog is open;
    ``edits``: in an edit box, the key does what it does in every program.
    """

    name: str
    label: str
    keys: tuple[str, ...]
    does: str
    menu: str
    letter: str
    everywhere: bool = False
    edits: bool = False


MENUS = (
    Menu("File", "F"),
    Menu("Edit", "E"),
    Menu("Speech", "S"),
    Menu("View", "V"),
    Menu("Help", "H"),
)

COMMANDS = (
    Command("open", "Open", ("Ctrl+O",), N_("open a picture"), "File", "O"),
    Command(
        "folder", N_("Describe a folder"), ("Ctrl+Shift+O",), N_("describe a folder"), "File", "F"
    ),
    Command(
        "screen",
        N_("Describe the screen"),
        ("Ctrl+Shift+S",),
        N_("describe what is on the screen, without this window"),
        "File",
        "D",
    ),
    Command(
        "paste",
        "Paste",
        ("Ctrl+V",),
        N_("describe the picture, or the file, on the clipboard"),
        "Edit",
        "P",
        edits=True,
    ),
    Command(
        "repeat",
        "Repeat",
        ("Ctrl+R", "F5"),
        N_("say it again"),
        "Speech",
        "R",
        everywhere=True,
    ),
    Command(
        "stop",
        "Stop",
        (CONTROL_ALONE,),
        N_("stop speaking, as any key does"),
        "Speech",
        "S",
        everywhere=True,
    ),
    Command(
        "escape",
        N_("Close or cancel"),
        ("Escape",),
        N_("close the dialog; else cancel the job, or stop exploring; never quit"),
        "Speech",
        "C",
        everywhere=True,
    ),
    Command(
        "copy",
        "Copy",
        ("Ctrl+C",),
        N_(
            "copy the description of the picture or of the part explored, or the text of a page (a "
            "selected text first)"
        ),
        "Edit",
        "C",
        everywhere=True,
        edits=True,
    ),
    Command(
        "more",
        "Details",
        ("Ctrl+D",),
        N_("show more: confidence, other candidate sentences, what is where, size, date, notes"),
        "View",
        "D",
    ),
    Command(
        "explore",
        "Explore",
        ("Ctrl+E",),
        N_(
            "explore the picture: the arrow keys move over a 3 by 3 grid and say what each part "
            "shows; Enter goes into a part, Backspace out of it"
        ),
        "View",
        "X",
    ),
    Command(
        "text",
        N_("Read text"),
        ("Ctrl+T",),
        N_(
            "read what is written in the picture; there, {Ctrl+Down} and {Ctrl+Up} go to the next "
            "and the previous block, H to the next heading, D to the next word in doubt, with "
            "Shift to the previous one; L lists the words in doubt, W says where a line is, Space "
            "stops and reads on, Enter opens the web address of a code, after asking"
        ),
        "View",
        "T",
    ),
    Command(
        "next_page",
        N_("Next page"),
        (N_("Ctrl+Page Down"),),
        N_("go to the next page of a document"),
        "View",
        "N",
    ),
    Command(
        "previous_page",
        N_("Previous page"),
        (N_("Ctrl+Page Up"),),
        N_("go to the previous page of a document"),
        "View",
        "P",
    ),
    Command(
        "next_picture",
        N_("Next picture"),
        (N_("Alt+Page Down"),),
        N_("go to the next picture of the folder or list"),
        "View",
        "I",
    ),
    Command(
        "previous_picture",
        N_("Previous picture"),
        (N_("Alt+Page Up"),),
        N_("go to the previous picture of the folder or list"),
        "View",
        "V",
    ),
    Command("search", "Search", ("Ctrl+F",), N_("search your pictures by words"), "Edit", "S"),
    Command(
        "save",
        "Save",
        ("Ctrl+S",),
        N_("save the description, or the speech as a sound file"),
        "File",
        "S",
    ),
    Command("earlier", "Earlier", ("Alt+Up",), N_("show the previous description"), "View", "E"),
    Command("later", "Later", ("Alt+Down",), N_("show the next description"), "View", "L"),
    Command("faster", "Faster", ("Ctrl+Up",), N_("speak faster"), "Speech", "F", everywhere=True),
    Command("slower", "Slower", ("Ctrl+Down",), N_("speak slower"), "Speech", "L", everywhere=True),
    Command(
        "help",
        "Help",
        ("F1",),
        N_("show and say the help, with all keys"),
        "Help",
        "H",
        everywhere=True,
    ),
    Command(
        "describe_keys",
        N_("Key describer"),
        ("Shift+F1",),
        N_("describe keys: press a key to hear what it does; Escape ends it"),
        "Help",
        "K",
        everywhere=True,
    ),
    Command(
        "where",
        N_("Where am I"),
        ("F2",),
        N_("say where you are: file, position, state"),
        "Help",
        "W",
        everywhere=True,
    ),
    Command("settings", "Settings", ("Ctrl+,",), N_("open the settings"), "File", "T"),
    Command("quit", "Quit", ("Ctrl+Q",), "quit", "File", "Q", everywhere=True),
)
# The main window's buttons, in the order of Tab; the second group is at the right.
TOOLBAR = ("open", "repeat", "explore", "more", "text", "save"), ("settings", "help")
EVERYWHERE = frozenset(command.name for command in COMMANDS if command.everywhere)

# Tk's name for each modifier that it calls otherwise than users do.
TK_MODIFIERS = {"Ctrl": "Control"}
MAC_MODIFIERS = {"Ctrl": "Command", "Alt": "Option"}  # what takes their place
NEXT_WORD, MAC_NEXT_WORD = "Ctrl+Right", "Alt+Right"  # in texts; that is Tk's own key
TK_KEYS = {",": "comma", "Page Down": "Next", "Page Up": "Prior"}
# What a voice says instead of the written key.
SPOKEN_KEYS = {"Ctrl": "Control", ",": "comma", "Return": "Enter"}


def named(names: Iterable[str]) -> tuple[Command, ...]:
    """The commands with these names, in this order."""
    by_name = {command.name: command for command in COMMANDS}
    return tuple(by_name[name] for name in names)


def in_menu(menu: str) -> tuple[Command, ...]:
    """The entries of one menu, from the top."""
    return tuple(command for command in COMMANDS if command.menu == menu)


def written(key: str, platform: str = sys.platform) -> str:
    """A key as this platform's users write it: "Ctrl+O", on a Mac "Command+O"."""
    if platform != "darwin":
        return key
    return "+".join(MAC_MODIFIERS.get(part, part) for part in key.split("+"))


def spoken(key: str, platform: str = sys.platform) -> str:
    """A key as it is spoken: "Control O"."""
    parts = written(key, platform).split("+")
    return " ".join(SPOKEN_KEYS.get(part, part) for part in parts)


def tk_sequences(key: str, platform: str = sys.platform) -> tuple[str, ...]:
    """Tk's event patterns for a key; none for Control alone, which is not a single event.

    A letter has two, because Tk reports the other case while Caps Lock is on.
    """
    if key == CONTROL_ALONE:
        return ()
    *modifiers, last = written(key, platform).split("+")
    last = TK_KEYS.get(last, last)
    prefix = "".join(f"{TK_MODIFIERS.get(modifier, modifier)}-" for modifier in modifiers)
    if len(last) > 1:
        return (f"<{prefix}{last}>",)
    plain, locked = last.lower(), last.upper()
    if "Shift" in modifiers:
        plain, locked = locked, plain
    return (f"<{prefix}{plain}>", f"<{prefix}Lock-{locked}>")


def control_shortcut(key: str) -> tuple[str, bool] | None:
    """(letter, with Shift) of Ctrl and a letter or comma; None for any other key."""
    *modifiers, last = key.split("+")
    if "Ctrl" not in modifiers or "Alt" in modifiers or len(last) != 1:
        return None
    return last.lower(), "Shift" in modifiers


class _Keys(dict[str, str]):
    """The key of a command, or the key itself, as ``write(key, platform)`` has it."""

    def __init__(self, write: Callable[[str, str], str], platform: str) -> None:
        super().__init__()
        self._write, self._platform = write, platform

    def __missing__(self, name: str) -> str:
        keys = {command.name: command.keys[0] for command in COMMANDS}
        keys["next_word"] = MAC_NEXT_WORD if self._platform == "darwin" else NEXT_WORD
        return self._write(name if "+" in name else keys[name], self._platform)


def with_keys(
    text: str, write: Callable[[str, str], str] = written, platform: str = sys.platform
) -> str:
    """Replace each command or key in braces by the key: {open} becomes "Ctrl+O", {Alt+Up} "Alt+Up".

    {next_word} is the key that moves by a word in texts. With `spoken` as ``write``, keys are
    written as they are spoken.
    """
    return text.format_map(_Keys(write, platform))


def does(
    command: Command, platform: str = sys.platform, write: Callable[[str, str], str] = written
) -> str:
    """What completes "this key will ...", with the keys in it as ``write`` has them."""
    return with_keys(command.does, write, platform)


def help_lines(
    platform: str = sys.platform, write: Callable[[str, str], str] = written
) -> list[str]:
    """One line per command, as F1 shows them."""
    return [
        f"{' or '.join(write(key, platform) for key in command.keys)}: "
        f"{does(command, platform, write)}."
        for command in COMMANDS
    ]


def spoken_help(platform: str = sys.platform) -> str:
    """What F1 says."""
    return " ".join(help_lines(platform, spoken))
