"""The table of keys: no key is used twice, and everything made from the table contains it."""

from dataclasses import replace
from pathlib import Path

import pytest

from image_describer.app import keymap, messages
from image_describer.app.keymap import COMMANDS, Command


def test_no_key_name_or_letter_is_used_twice() -> None:
    assert keymap.clashes(COMMANDS) == []


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"name": "other", "label": "Xy", "letter": "X"}, "key"),
        ({"label": "Xy", "letter": "X", "keys": ("F9",)}, "name"),
        ({"name": "other", "letter": "N", "keys": ("F9",)}, "label"),
        ({"name": "other", "label": "Or", "keys": ("F9",)}, "letter"),
        ({"name": "other", "label": "Xy", "letter": "X", "keys": ("ctrl+o",)}, "key"),
    ],
)
def test_a_clash_is_found(change: dict[str, object], word: str) -> None:
    second = replace(COMMANDS[0], **change)  # type: ignore[arg-type]
    (found,) = keymap.clashes([*COMMANDS, second])
    assert word in found


def test_a_letter_outside_the_label_and_an_unknown_menu_are_found() -> None:
    found = keymap.clashes([Command("a", "Abc", ("F9",), "do it", "Nowhere", "Z")])
    assert len(found) == 2


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
        ("Control alone", "linux", ()),
    ],
)
def test_tk_sequences(key: str, platform: str, sequences: tuple[str, ...]) -> None:
    assert keymap.tk_sequences(key, platform) == sequences


def test_spoken_keys() -> None:
    assert keymap.spoken("Ctrl+O", "linux") == "Control O"
    assert keymap.spoken("Ctrl+O", "darwin") == "Command O"
    assert keymap.spoken("Control alone", "darwin") == "Control alone"


def test_the_help_names_every_command() -> None:
    for command in COMMANDS:
        assert any(line.endswith(f": {command.does}.") for line in keymap.help_lines("linux"))
        assert command.does in keymap.spoken_help("linux")


def test_the_docs_list_the_keys() -> None:
    docs = Path(__file__).parents[2] / "docs" / "keys.md"
    assert keymap.markdown_list() in docs.read_text(encoding="utf-8")


def test_messages_name_the_keys_of_the_table() -> None:
    text = messages.with_keys(messages.WELCOME, lambda key: keymap.spoken(key, "linux"))
    assert text == "Image Describer. Control O opens a picture, F1 shows the help."


def test_the_file_types_include_upper_case() -> None:
    (name, patterns), everything = messages.file_types((".jpg", ".png"), any_case=False)
    assert name == "Pictures"
    assert set(patterns) == {"*.jpg", "*.png", "*.JPG", "*.PNG"}
    assert everything == ("All files", ("*",))
    assert messages.file_types((".jpg",), any_case=True)[0][1] == ("*.jpg",)


def test_no_command_takes_what_texts_need() -> None:
    taken = {key.lower() for command in COMMANDS for key in command.keys if not command.edits}
    assert taken & keymap.TEXT_KEYS == keymap.TEXT_KEYS_TAKEN
    (found,) = keymap.clashes([Command("a", "Abc", ("Ctrl+Z",), "do it", "File", "A")])
    assert "texts need" in found


def test_the_keys_are_those_of_the_design() -> None:
    keys = {key for command in COMMANDS for key in command.keys}
    assert keys == {
        *("Ctrl+O", "Ctrl+Shift+O", "Ctrl+V", "Ctrl+C", "Ctrl+R", "F5", "Control alone"),
        *("Escape", "Ctrl+D", "Ctrl+E", "Ctrl+F", "Ctrl+S", "Alt+Up", "Alt+Down"),
        *("Ctrl+Up", "Ctrl+Down", "F1", "Shift+F1", "F2", "Ctrl+,", "Ctrl+Q"),
    }
