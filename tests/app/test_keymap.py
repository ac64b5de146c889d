"""The table of keys: no clash, and everything that is fed from it."""

from dataclasses import replace
from pathlib import Path

import pytest

from image_describer.app import keymap, messages
from image_describer.app.keymap import COMMANDS, Command
from image_describer.text import file_name


def test_nothing_is_claimed_twice() -> None:
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


def test_a_letter_that_the_label_lacks_and_an_unknown_menu_are_found() -> None:
    found = keymap.clashes([Command("a", "Abc", ("F9",), "do it", "Nowhere", "Z")])
    assert len(found) == 2


def test_no_bare_letters_and_none_of_the_screen_readers_keys() -> None:
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


def test_keys_are_said_as_people_say_them() -> None:
    assert keymap.spoken("Ctrl+O", "linux") == "Control O"
    assert keymap.spoken("Ctrl+O", "darwin") == "Command O"
    assert keymap.spoken("Control alone", "darwin") == "Control alone"


def test_help_and_readme_name_every_command() -> None:
    for command in COMMANDS:
        assert any(line.endswith(f": {command.does}.") for line in keymap.help_lines("linux"))
        assert f"| {', '.join(command.keys)} | {command.does} |" in keymap.markdown_table()
        assert command.does in keymap.spoken_help("linux")


def test_the_readme_holds_the_table_as_it_is() -> None:
    readme = Path(__file__).parents[2] / "README.md"
    assert keymap.markdown_table() in readme.read_text(encoding="utf-8")


def test_messages_name_the_keys_of_the_table() -> None:
    said = messages.with_keys(messages.WELCOME, lambda key: keymap.spoken(key, "linux"))
    assert said == "Image Describer. Control O opens a picture, F1 helps."


@pytest.mark.parametrize("name", ["a\nb.jpg", "a\udc80b.jpg", "\u202egpj.exe", "ünï 'x\".jpg"])
def test_any_name_can_be_drawn(name: str) -> None:
    shown = file_name(f"/some/where/{name}")
    assert shown.isprintable()
    shown.encode()
    assert len(shown) == len(name)


def test_the_dialog_offers_upper_case_too() -> None:
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


def test_the_design_s_keys_are_all_there() -> None:
    keys = {key for command in COMMANDS for key in command.keys}
    assert keys == {
        *("Ctrl+O", "Ctrl+Shift+O", "Ctrl+V", "Ctrl+C", "Ctrl+R", "F5", "Control alone"),
        *("Escape", "Ctrl+D", "Ctrl+E", "Ctrl+F", "Ctrl+S", "Alt+Up", "Alt+Down"),
        *("Ctrl+Up", "Ctrl+Down", "F1", "Shift+F1", "F2", "Ctrl+,", "Ctrl+Q"),
    }
