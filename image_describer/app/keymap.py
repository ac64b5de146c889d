"""Every command of the window, in one table: bindings, menus, buttons, F1 and the docs use it.

Nothing here needs Tk, so that the command line and the docs can use the table, too.
"""

import sys
from collections.abc import Iterable
from dataclasses import dataclass

CONTROL_ALONE = "Control alone"


@dataclass(frozen=True)
class Menu:
    """A menu of the window; ``letter`` opens it together with Alt."""

    name: str
    letter: str


@dataclass(frozen=True)
class Command:
    """Something the window can do.

    ``name`` is its method of the Application, ``label`` is on its button and menu entry, ``keys``
    are written as people read them ("Ctrl+O"), ``does`` completes "this key will ...", ``letter``
    selects the entry once its menu is open. ``everywhere``: it also works while a dialog is open;
    ``edits``: in an edit box, the key does what it does in every program.
    """

    name: str
    label: str
    keys: tuple[str, ...]
    does: str
    menu: str
    letter: str
    button: bool = False
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
    Command("open", "Open", ("Ctrl+O",), "open a picture", "File", "O", button=True),
    Command("folder", "Describe a folder", ("Ctrl+Shift+O",), "describe a folder", "File", "F"),
    Command(
        "paste",
        "Paste",
        ("Ctrl+V",),
        "describe the picture, or the file, on the clipboard",
        "Edit",
        "P",
        edits=True,
    ),
    Command(
        "repeat",
        "Repeat",
        ("Ctrl+R", "F5"),
        "say it again",
        "Speech",
        "R",
        button=True,
        everywhere=True,
    ),
    Command(
        "stop",
        "Stop",
        (CONTROL_ALONE,),
        "stop speaking",
        "Speech",
        "S",
        button=True,
        everywhere=True,
    ),
    Command(
        "escape",
        "Stop or cancel",
        ("Escape",),
        "stop speaking; then cancel the job; then close the dialog; never quit",
        "Speech",
        "C",
        everywhere=True,
    ),
    Command(
        "copy",
        "Copy",
        ("Ctrl+C",),
        "copy the description (a selected text first)",
        "Edit",
        "C",
        button=True,
        everywhere=True,
        edits=True,
    ),
    Command(
        "more",
        "More",
        ("Ctrl+D",),
        "show more: confidence, other candidate sentences, what is where, size, date, notes",
        "View",
        "M",
    ),
    Command(
        "explore",
        "Explore",
        ("Ctrl+E",),
        "explore the picture: the arrow keys move over a 3 by 3 grid and say what each part shows; "
        "Enter goes into a part, Backspace out of it",
        "View",
        "X",
    ),
    Command("search", "Search", ("Ctrl+F",), "search your pictures by words", "Edit", "S"),
    Command(
        "save",
        "Save",
        ("Ctrl+S",),
        "save the description, or the speech as a sound file",
        "File",
        "S",
    ),
    Command("earlier", "Earlier", ("Alt+Up",), "show the previous description", "View", "E"),
    Command("later", "Later", ("Alt+Down",), "show the next description", "View", "L"),
    Command("faster", "Faster", ("Ctrl+Up",), "speak faster", "Speech", "F", everywhere=True),
    Command("slower", "Slower", ("Ctrl+Down",), "speak slower", "Speech", "L", everywhere=True),
    Command(
        "help",
        "Help",
        ("F1",),
        "show and say the help, with all keys",
        "Help",
        "H",
        button=True,
        everywhere=True,
    ),
    Command(
        "describe_keys",
        "Key describer",
        ("Shift+F1",),
        "describe keys: press a key to hear what it does; Escape ends it",
        "Help",
        "K",
        everywhere=True,
    ),
    Command(
        "where",
        "Where am I",
        ("F2",),
        "say where you are: file, position, state",
        "Help",
        "W",
        everywhere=True,
    ),
    Command("settings", "Settings", ("Ctrl+,",), "open the settings", "File", "T"),
    Command("quit", "Quit", ("Ctrl+Q",), "quit", "File", "Q", button=True, everywhere=True),
)
EVERYWHERE = frozenset(command.name for command in COMMANDS if command.everywhere)

# Keys that move, select and edit in every text. A command may take one only if it does the same to
# the description (copy, paste) and leaves the key to edit boxes.
TEXT_KEYS = frozenset(
    f"{modifier}{key}".lower()
    for key in ("Left", "Right", "Up", "Down", "Home", "End", "Prior", "Next")
    for modifier in ("", "Shift+", "Ctrl+", "Ctrl+Shift+")
) | frozenset(
    key.lower()
    for key in (
        *("Ctrl+A", "Ctrl+C", "Ctrl+V", "Ctrl+X", "Ctrl+Y", "Ctrl+Z", "Ctrl+Shift+Z"),
        *("Tab", "Shift+Tab", "Return", "Space", "BackSpace", "Delete", "Insert"),
        *("Ctrl+BackSpace", "Ctrl+Delete", "Ctrl+Insert", "Shift+Insert", "Shift+Delete"),
    )
)
# These move by paragraph in long texts, which is useless in a description of one sentence; all
# other keys for the rate are taken by screen readers or need two hands.
TEXT_KEYS_TAKEN = frozenset({"ctrl+up", "ctrl+down"})

# Tk's name for each modifier; on a Mac, Command takes the place of Control.
TK_MODIFIERS = {"Ctrl": "Control", "Shift": "Shift", "Alt": "Alt", "Command": "Command"}
TK_KEYS = {",": "comma"}
# What a voice says instead of the written key.
SPOKEN_KEYS = {"Ctrl": "Control", ",": "comma"}


def buttons() -> tuple[Command, ...]:
    """The commands that have a button, in the order of Tab."""
    return tuple(command for command in COMMANDS if command.button)


def in_menu(menu: str) -> tuple[Command, ...]:
    """The entries of one menu, from the top."""
    return tuple(command for command in COMMANDS if command.menu == menu)


def written(key: str, platform: str = sys.platform) -> str:
    """A key as this platform's users write it: "Ctrl+O", on a Mac "Command+O"."""
    return key.replace("Ctrl+", "Command+") if platform == "darwin" else key


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
    prefix = "".join(f"{TK_MODIFIERS[modifier]}-" for modifier in modifiers)
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


def clashes(commands: Iterable[Command], menus: Iterable[Menu] = MENUS) -> list[str]:
    """A sentence for each key, menu letter, label or name that is used twice, or is wrong."""
    found: list[str] = []
    claimed: dict[tuple[str, str], str] = {}
    menus = tuple(menus)

    def claim(kind: str, value: str, owner: str) -> None:
        other = claimed.setdefault((kind, value.lower()), owner)
        if other is not owner:
            found.append(f"{other} and {owner} both use the {kind} {value}.")

    for menu in menus:
        claim("letter", menu.letter, menu.name)
    for number, command in enumerate(commands):
        owner = f"{command.name} (row {number})"
        claim("name", command.name, owner)
        claim("label", command.label, owner)
        claim(f"letter of the menu {command.menu}", command.letter, owner)
        for key in command.keys:
            claim("key", key, owner)
            if key.lower() in TEXT_KEYS - TEXT_KEYS_TAKEN and not command.edits:
                found.append(f"{owner} takes the key {key}, which texts need.")
        if command.menu not in {menu.name for menu in menus}:
            found.append(f"{owner} names a menu that does not exist: {command.menu}.")
        if command.letter.lower() not in command.label.lower():
            found.append(f"{owner} has a letter that is not in its label: {command.letter}.")
    return found


def help_lines(platform: str = sys.platform) -> list[str]:
    """One line per command, as F1 shows them."""
    return [
        f"{' or '.join(written(key, platform) for key in command.keys)}: {command.does}."
        for command in COMMANDS
    ]


def spoken_help(platform: str = sys.platform) -> str:
    """What F1 says."""
    return " ".join(
        f"{' or '.join(spoken(key, platform) for key in command.keys)}: {command.does}."
        for command in COMMANDS
    )


def markdown_list(platform: str = "linux") -> str:
    """The list of keys in docs/keys.md."""
    return "".join(f"- {line}\n" for line in help_lines(platform))
