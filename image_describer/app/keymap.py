"""Every command of the window, in one table: bindings, menus, buttons, F1 and the README read it.

Nothing here needs Tk, so that a test, the README and the command line can read the table too.
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

    ``name`` is what the code calls it, ``label`` stands on its button and menu entry, ``keys`` are
    written as people read them ("Ctrl+O"), ``does`` completes "this key will ...", ``letter`` picks
    the entry once its menu is open. ``everywhere``: it works while a dialog is open, too;
    ``edits``: in an edit box the key does there what it does in every program.
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
        "describe the picture, or the path, on the clipboard",
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
        "more: confidence, other candidate sentences, what is where, size, date, notes",
        "View",
        "M",
    ),
    Command(
        "explore",
        "Explore",
        ("Ctrl+E",),
        "explore, with the arrows: move over a 3 by 3 grid and hear what each part shows; "
        "Enter goes into a part, Backspace out again",
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
    Command("earlier", "Earlier", ("Alt+Up",), "earlier description", "View", "E"),
    Command("later", "Later", ("Alt+Down",), "later description", "View", "L"),
    Command("faster", "Faster", ("Ctrl+Up",), "speak faster", "Speech", "F", everywhere=True),
    Command("slower", "Slower", ("Ctrl+Down",), "speak slower", "Speech", "L", everywhere=True),
    Command(
        "help",
        "Help",
        ("F1",),
        "help, spoken, with the keys",
        "Help",
        "H",
        button=True,
        everywhere=True,
    ),
    Command(
        "describe_keys",
        "Key describer",
        ("Shift+F1",),
        "key describer: press a key, hear what it does; Escape ends it",
        "Help",
        "K",
        everywhere=True,
    ),
    Command(
        "where",
        "Where am I",
        ("F2",),
        "where am I: file, position, state",
        "Help",
        "W",
        everywhere=True,
    ),
    Command("settings", "Settings", ("Ctrl+,",), "settings", "File", "T"),
    Command("quit", "Quit", ("Ctrl+Q",), "quit", "File", "Q", button=True, everywhere=True),
)
EVERYWHERE = frozenset(command.name for command in COMMANDS if command.everywhere)

# Keys that move, select and edit in every text: no command may take one, unless it does the same
# to the description (copy, paste) and leaves the key to edit boxes.
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
# These go from paragraph to paragraph in long texts; in a description of one sentence nobody
# misses that, and every other key for the rate is taken by a screen reader or needs two hands.
TEXT_KEYS_TAKEN = frozenset({"ctrl+up", "ctrl+down"})

# Tk's name of a modifier, for each way of writing it; Command is what Mac users press for Control.
TK_MODIFIERS = {"Ctrl": "Control", "Shift": "Shift", "Alt": "Alt", "Command": "Command"}
TK_KEYS = {",": "comma"}
# What a voice should say where spelling the written key out would not be understood.
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
    """A key as it is said: "Control O"."""
    parts = written(key, platform).split("+")
    return " ".join(SPOKEN_KEYS.get(part, part) for part in parts)


def tk_sequences(key: str, platform: str = sys.platform) -> tuple[str, ...]:
    """Tk's event patterns for a key; none for Control alone, which no single event can tell.

    With Caps Lock on, Tk sees the other case of the letter, hence two patterns for a letter.
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


def clashes(commands: Iterable[Command], menus: Iterable[Menu] = MENUS) -> list[str]:
    """A sentence for each key, menu letter, label or name that is claimed twice, or misplaced."""
    found: list[str] = []
    claimed: dict[tuple[str, str], str] = {}
    menus = tuple(menus)

    def claim(kind: str, value: str, owner: str) -> None:
        other = claimed.setdefault((kind, value.lower()), owner)
        if other is not owner:
            found.append(f"{other} and {owner} both claim the {kind} {value}.")

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
            found.append(f"{owner} names a menu that is not there: {command.menu}.")
        if command.letter.lower() not in command.label.lower():
            found.append(f"{owner} has a letter that its label lacks: {command.letter}.")
    return found


def help_lines(platform: str = sys.platform) -> list[str]:
    """One line for each command, as F1 shows them."""
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


def markdown_table(platform: str = "linux") -> str:
    """The README's table of keys."""
    rows = ["| key | does |", "|---|---|"]
    for command in COMMANDS:
        keys = ", ".join(written(key, platform) for key in command.keys)
        rows.append(f"| {keys} | {command.does} |")
    return "\n".join(rows) + "\n"
