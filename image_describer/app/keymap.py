"""Every command of the window, in one table: bindings, menus, buttons, F1 and the docs use it.

Nothing here needs Tk, so that the command line and the docs can use the table, too.
"""

import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from image_describer.i18n import N_, _, pgettext

CONTROL_ALONE = "Control alone"  # untranslated


@dataclass(frozen=True)
class _Labelled:
    """``marked_label``: in English, with "&" before the letter that selects it; so in menus."""

    name: str
    marked_label: str

    @property
    def label(self) -> str:
        """The label in the program's language."""
        return _(self.marked_label).replace("&", "")

    @property
    def underline(self) -> int:
        """The index of its letter in the label."""
        return _(self.marked_label).index("&")

    @property
    def letter(self) -> str:
        """The letter, in upper case."""
        return self.label[self.underline].upper()


@dataclass(frozen=True)
class Menu(_Labelled):
    """A menu of the window; its letter opens it together with Alt."""


@dataclass(frozen=True)
class Command(_Labelled):
    """Something the window can do.

    ``name`` is its method of the Application, the label is on its button and menu entry, ``keys``
    are as in English manuals ("Ctrl+O"), which `written` translates. ``does``, in English,
    completes "this key will ..." and has the keys that it names in braces. ``menu`` is the name of
    its menu. ``everywhere``: it also works while a dialog is open; ``edits``: in an edit box, the
    key does what it does in every program.
    """

    keys: tuple[str, ...]
    does: str
    menu: str
    everywhere: bool = False
    edits: bool = False


MENUS = (
    Menu("File", N_("&File")),
    Menu("Edit", N_("&Edit")),
    Menu("Speech", N_("&Speech")),
    Menu("View", N_("&View")),
    Menu("Help", N_("&Help")),
)

COMMANDS = (
    Command("open", N_("&Open"), ("Ctrl+O",), N_("open a picture"), "File"),
    Command("folder", N_("Describe a &folder"), ("Ctrl+Shift+O",), N_("describe a folder"), "File"),
    Command(
        "screen",
        N_("&Describe the screen"),
        ("Ctrl+Shift+S",),
        N_("describe what is on the screen, without this window"),
        "File",
    ),
    Command(
        "paste",
        N_("&Paste"),
        ("Ctrl+V",),
        N_("describe the picture, or the file, on the clipboard"),
        "Edit",
        edits=True,
    ),
    Command(
        "repeat", N_("&Repeat"), ("Ctrl+R", "F5"), N_("say it again"), "Speech", everywhere=True
    ),
    Command(
        "stop",
        N_("&Stop"),
        (CONTROL_ALONE,),
        N_("stop speaking, as any key does"),
        "Speech",
        everywhere=True,
    ),
    Command(
        "escape",
        N_("&Close or cancel"),
        ("Escape",),
        N_("close the dialog; else cancel the job, or stop exploring; never quit"),
        "Speech",
        everywhere=True,
    ),
    Command(
        "copy",
        N_("&Copy"),
        ("Ctrl+C",),
        N_(
            "copy the description of the picture or of the part explored, or the text of a page (a "
            "selected text first)"
        ),
        "Edit",
        everywhere=True,
        edits=True,
    ),
    Command(
        "more",
        N_("&Details"),
        ("Ctrl+D",),
        N_("show more: confidence, other candidate sentences, what is where, size, date, notes"),
        "View",
    ),
    Command(
        "explore",
        N_("E&xplore"),
        ("Ctrl+E",),
        N_(
            "explore the picture: the arrow keys move over a 3 by 3 grid and say what each part "
            "shows; Enter goes into a part, Backspace out of it"
        ),
        "View",
    ),
    Command(
        "text",
        N_("Read &text"),
        ("Ctrl+T",),
        N_(
            "read what is written in the picture; there, {Ctrl+Down} and {Ctrl+Up} go to the next "
            "and the previous block, H to the next heading, D to the next word in doubt, with "
            "Shift to the previous one; L lists the words in doubt, W says where a line is, Space "
            "stops and reads on, Enter opens the web address of a code, after asking"
        ),
        "View",
    ),
    Command(
        "next_page",
        N_("&Next page"),
        ("Ctrl+Page Down",),  # untranslated
        N_("go to the next page of a document"),
        "View",
    ),
    Command(
        "previous_page",
        N_("&Previous page"),
        ("Ctrl+Page Up",),  # untranslated
        N_("go to the previous page of a document"),
        "View",
    ),
    Command(
        "next_picture",
        N_("Next p&icture"),
        ("Alt+Page Down",),  # untranslated
        N_("go to the next picture of the folder or list"),
        "View",
    ),
    Command(
        "previous_picture",
        N_("Pre&vious picture"),
        ("Alt+Page Up",),  # untranslated
        N_("go to the previous picture of the folder or list"),
        "View",
    ),
    Command("search", N_("&Search"), ("Ctrl+F",), N_("search your pictures by words"), "Edit"),
    Command(
        "save",
        N_("&Save"),
        ("Ctrl+S",),
        N_("save the description, or the speech as a sound file"),
        "File",
    ),
    Command("earlier", N_("&Earlier"), ("Alt+Up",), N_("show the previous description"), "View"),
    Command("later", N_("&Later"), ("Alt+Down",), N_("show the next description"), "View"),
    Command("faster", N_("&Faster"), ("Ctrl+Up",), N_("speak faster"), "Speech", everywhere=True),
    Command("slower", N_("S&lower"), ("Ctrl+Down",), N_("speak slower"), "Speech", everywhere=True),
    Command(
        "switch_voice",
        N_("Screen reader or &own voice"),
        ("F9",),
        N_("speak through the screen reader, or with Image Describer's own voice"),
        "Speech",
        everywhere=True,
    ),
    Command(
        "help",
        N_("&Help"),
        ("F1",),
        N_("show and say the help, with all keys"),
        "Help",
        everywhere=True,
    ),
    Command(
        "describe_keys",
        N_("&Key describer"),
        ("Shift+F1",),
        N_("describe keys: press a key to hear what it does; Escape ends it"),
        "Help",
        everywhere=True,
    ),
    Command(
        "where",
        N_("&Where am I"),
        ("F2",),
        N_("say where you are: file, position, state"),
        "Help",
        everywhere=True,
    ),
    Command("settings", N_("Se&ttings"), ("Ctrl+,",), N_("open the settings"), "File"),
    Command("quit", N_("&Quit"), ("Ctrl+Q",), N_("quit"), "File", everywhere=True),
)
# The main window's buttons, in the order of Tab; the second group is at the right.
TOOLBAR = ("open", "repeat", "explore", "more", "text", "save"), ("settings", "help")
EVERYWHERE = frozenset(command.name for command in COMMANDS if command.everywhere)

# Tk's name for each modifier that it calls otherwise than users do.
TK_MODIFIERS = {"Ctrl": "Control"}
MAC_MODIFIERS = {"Ctrl": "Command", "Alt": "Option"}  # what takes their place
NEXT_WORD, MAC_NEXT_WORD = "Ctrl+Right", "Alt+Right"  # in texts; that is Tk's own key
TK_KEYS = {",": "comma", "Page Down": "Next", "Page Up": "Prior"}  # untranslated


def _written_names() -> dict[str, str]:
    """What is on the keys of the language's keyboards."""
    return {
        CONTROL_ALONE: pgettext("key", "Control alone"),
        "Ctrl": pgettext("key", "Ctrl"),
        "Shift": pgettext("key", "Shift"),
        "Alt": pgettext("key", "Alt"),
        "Command": pgettext("key", "Command"),
        "Option": pgettext("key", "Option"),
        "Escape": pgettext("key", "Escape"),
        "Page Up": pgettext("key", "Page Up"),  # untranslated
        "Page Down": pgettext("key", "Page Down"),  # untranslated
        "Up": pgettext("key", "Up"),
        "Down": pgettext("key", "Down"),
        "Left": pgettext("key", "Left"),
        "Right": pgettext("key", "Right"),
    }


def _spoken_names() -> dict[str, str]:
    """What a voice says instead, where that is something else."""
    return {
        CONTROL_ALONE: pgettext("spoken key", "Control alone"),
        "Ctrl": pgettext("spoken key", "Control"),
        ",": pgettext("spoken key", "comma"),
        "Return": pgettext("spoken key", "Enter"),
        "space": pgettext("spoken key", "Space"),
        "BackSpace": pgettext("spoken key", "Backspace"),
        "Delete": pgettext("spoken key", "Delete"),
        "Insert": pgettext("spoken key", "Insert"),
        "Home": pgettext("spoken key", "Home"),
        "End": pgettext("spoken key", "End"),
    }


def named(names: Iterable[str]) -> tuple[Command, ...]:
    """The commands with these names, in this order."""
    by_name = {command.name: command for command in COMMANDS}
    return tuple(by_name[name] for name in names)


def in_menu(menu: str) -> tuple[Command, ...]:
    """The entries of one menu, from the top."""
    return tuple(command for command in COMMANDS if command.menu == menu)


def written(key: str, platform: str = sys.platform) -> str:
    """A key as this platform's users write it: "Ctrl+O", on a Mac "Command+O"."""
    names = _written_names()
    return "+".join(names.get(part, part) for part in _parts(key, platform))


def spoken(key: str, platform: str = sys.platform) -> str:
    """A key as it is spoken: "Control O"."""
    names = {**_written_names(), **_spoken_names()}
    return " ".join(names.get(part, part) for part in _parts(key, platform))


def spoken_accelerator(shown: str, platform: str = sys.platform) -> str:
    """How the key of a command that `written` has put into a menu is spoken."""
    keys = (key for command in COMMANDS for key in command.keys)
    return next((spoken(key, platform) for key in keys if written(key, platform) == shown), shown)


def _parts(key: str, platform: str) -> list[str]:
    """The modifiers of this platform, then the key."""
    parts = key.split("+")
    return [MAC_MODIFIERS.get(part, part) for part in parts] if platform == "darwin" else parts


def tk_sequences(key: str, platform: str = sys.platform) -> tuple[str, ...]:
    """Tk's event patterns for a key; none for Control alone, which is not a single event.

    A letter has two, because Tk reports the other case while Caps Lock is on.
    """
    if key == CONTROL_ALONE:
        return ()
    *modifiers, last = _parts(key, platform)
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
    return with_keys(_(command.does), write, platform)


def help_lines(
    platform: str = sys.platform, write: Callable[[str, str], str] = written
) -> list[str]:
    """One line per command, as F1 shows them."""
    return [
        _("{keys}: {does}.").format(
            keys=_either([write(key, platform) for key in command.keys]),
            does=does(command, platform, write),
        )
        for command in COMMANDS
    ]


def spoken_help(platform: str = sys.platform) -> str:
    """What F1 says."""
    return " ".join(help_lines(platform, spoken))


def _either(keys: list[str]) -> str:
    first, *others = keys
    return _("{key} or {other_key}").format(key=first, other_key=others[0]) if others else first
