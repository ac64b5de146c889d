"""The table of keys: no key is used twice, and everything made from the table contains it."""

import importlib
import pkgutil
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest

from image_describer import app
from image_describer.app import help as help_text
from image_describer.app import keymap, messages
from image_describer.app.dialogs.base import Dialog
from image_describer.app.keymap import COMMANDS

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


def all_dialogs() -> list[type[Dialog]]:
    """Every class of dialogs in the package."""
    for module in pkgutil.walk_packages(app.__path__, f"{app.__name__}."):
        importlib.import_module(module.name)
    found = [Dialog]
    for kind in found:
        found += kind.__subclasses__()
    return found


def assert_unique(kind: str, values: Iterable[str]) -> None:
    counts = Counter(value.lower() for value in values)
    assert [value for value, count in counts.items() if count > 1] == [], kind


def test_no_key_name_label_or_letter_is_used_twice() -> None:
    assert_unique("name", (command.name for command in COMMANDS))
    assert_unique("label", (command.label for command in COMMANDS))
    assert_unique("key", (key for command in COMMANDS for key in command.keys))
    assert_unique("menu letter", (menu.letter for menu in keymap.MENUS))
    for menu in keymap.MENUS:
        assert_unique(menu.name, (command.letter for command in keymap.in_menu(menu.name)))


def test_every_command_is_in_a_menu_and_its_letter_in_its_label() -> None:
    for command in COMMANDS:
        assert command.menu in {menu.name for menu in keymap.MENUS}
        assert command.letter.lower() in command.label.lower()


def test_no_command_takes_a_bare_letter_or_a_key_of_screen_readers() -> None:
    for command in COMMANDS:
        for key in command.keys:
            assert len(key) > 1
            assert not {"Insert", "CapsLock", "Space"} & set(key.split("+"))


@pytest.mark.parametrize(
    ("key", "platform", "sequences"),
    [
        ("Ctrl+O", "linux", ("<Control-o>", "<Control-Lock-O>")),
        ("Ctrl+O", "darwin", ("<Command-o>", "<Command-Lock-O>")),
        ("Ctrl+Shift+O", "linux", ("<Control-Shift-O>", "<Control-Shift-Lock-o>")),
        ("F5", "linux", ("<F5>",)),
        ("Alt+Up", "win32", ("<Alt-Up>",)),
        ("Alt+Up", "darwin", ("<Option-Up>",)),
        ("Alt+Page Down", "darwin", ("<Option-Next>",)),
        ("Control alone", "linux", ()),
    ],
)
def test_tk_sequences(key: str, platform: str, sequences: tuple[str, ...]) -> None:
    assert keymap.tk_sequences(key, platform) == sequences


def test_spoken_keys() -> None:
    assert keymap.spoken("Ctrl+O", "linux") == "Control O"
    assert keymap.spoken("Ctrl+O", "darwin") == "Command O"
    assert keymap.spoken("Control alone", "darwin") == "Control alone"
    assert keymap.spoken("Alt+Page Up", "darwin") == "Option Page Up"
    assert keymap.written("Alt+Up", "darwin") == "Option+Up"


def test_texts_name_the_keys_of_the_system() -> None:
    text = "{copy}, {Alt+Up} or {next_word}"
    assert keymap.with_keys(text, platform="linux") == "Ctrl+C, Alt+Up or Ctrl+Right"
    assert keymap.with_keys(text, keymap.spoken, "linux") == "Control C, Alt Up or Control Right"
    assert keymap.with_keys(text, platform="darwin") == "Command+C, Option+Up or Option+Right"
    with pytest.raises(KeyError):
        keymap.with_keys("{coppy}")


def test_nothing_names_a_key_that_a_mac_lacks() -> None:
    """Outside the name of a key alone, and of Shift, which are the same everywhere."""
    helps = [getattr(kind, "keys_help", "") for kind in all_dialogs()]
    shown = [keymap.with_keys(text, platform="darwin") for text in (*helps, help_text.OF_A_TEXT)]
    for line in (*shown, *keymap.help_lines("darwin"), keymap.spoken_help("darwin")):
        assert not re.search(r"\b(Ctrl|Alt|Control(?! alone))\b", line), line


def test_the_help_names_every_command() -> None:
    for command in COMMANDS:
        does = keymap.does(command, "linux")
        assert any(line.endswith(f": {does}.") for line in keymap.help_lines("linux"))
        assert keymap.does(command, "linux", keymap.spoken) in keymap.spoken_help("linux")


def test_the_docs_list_the_keys() -> None:
    docs = Path(__file__).parents[2] / "docs" / "keys.md"
    keys = "".join(f"- {line}\n" for line in keymap.help_lines("linux"))
    assert keys in docs.read_text(encoding="utf-8")


def test_messages_name_the_keys_of_the_table() -> None:
    text = keymap.with_keys(messages.WELCOME, keymap.spoken, "linux")
    assert text == "Image Describer. Control O opens a picture, F1 shows the help."


def test_no_command_takes_what_texts_need() -> None:
    taken = {key.lower() for command in COMMANDS for key in command.keys if not command.edits}
    assert taken & TEXT_KEYS == TEXT_KEYS_TAKEN


def test_the_keys_are_those_of_the_design() -> None:
    keys = {key for command in COMMANDS for key in command.keys}
    assert keys == {
        *("Ctrl+O", "Ctrl+Shift+O", "Ctrl+Shift+S", "Ctrl+V", "Ctrl+C", "Ctrl+R", "F5"),
        "Control alone",
        *(
            "Escape",
            "Ctrl+D",
            "Ctrl+E",
            "Ctrl+F",
            "Ctrl+S",
            "Ctrl+T",
            "Ctrl+Page Down",
            "Ctrl+Page Up",
            "Alt+Page Down",
            "Alt+Page Up",
            "Alt+Up",
            "Alt+Down",
        ),
        *("Ctrl+Up", "Ctrl+Down", "F1", "Shift+F1", "F2", "F9", "Ctrl+,", "Ctrl+Q"),
    }
