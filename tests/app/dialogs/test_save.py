"""The save dialog, worked by real keys: the files that it writes, and what is heard."""

import errno
import os
import threading
import tkinter as tk
import wave
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from image_describer.app import key_bindings, messages
from image_describer.app.context import AppContext, DescribedPicture
from image_describer.app.dialogs import save
from image_describer.app.dialogs.save import SUFFIXES, SaveDialog, saved_text, with_suffix
from image_describer.app.jobs import JobRunner
from image_describer.app.voice import self_voicing
from image_describer.app.voice.announcer import Announcer
from image_describer.app.widgets.button import Button
from image_describer.captioner.description import Description
from image_describer.errors import SaveError, SpeechError
from image_describer.speech import make_speaker
from image_describer.wording.sentence import SpokenDescription, spoken
from tests.support.screen import LIMIT_S, Screen
from tests.support.texts import LETTER
from tests.support.window import KEPT, FakeSpeaker, TkLoop

CAPTION = "two dogs play in the snow"
SENTENCE = f"The picture is blurred. Probably: {CAPTION}."
SPOKEN = SpokenDescription("", SENTENCE)


def described(file: Path | None) -> DescribedPicture:
    notes = ("The picture is blurred.",)
    name = None if file is None else str(file)
    return DescribedPicture(Description(CAPTION, 0.834, notes=notes, file=name), SPOKEN)


class SavingSpeaker(FakeSpeaker):
    """Saves speech by ``saver``, while ``release`` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.release = threading.Event()
        self.release.set()
        self.private: list[bool] = []
        self.saver: Callable[[str, Path], str] = self._save_text

    def _save_text(self, text: str, path: Path) -> str:
        path.write_bytes(text.encode())
        return "espeak"

    def save(self, text: str, path: Path, *, private: bool = False) -> str:
        self.private.append(private)
        assert self.release.wait(2 * LIMIT_S)
        return self.saver(text, path)


class DialogDriver(TkLoop):
    """A window with one button, and the dialog above it."""

    def __init__(self, screen: Screen, file: Path | None) -> None:
        self.screen = screen
        self.root = tk.Tk()
        KEPT.append(self.root)
        self.root.geometry("700x500")
        self.speaker = SavingSpeaker()
        voice = Announcer(self.root, self.speaker, lambda _error: None)  # type: ignore[arg-type]
        self.context = AppContext(self.root, JobRunner(self.root.after), self.speaker, voice)  # type: ignore[arg-type]
        self.context.run = {"escape": lambda: self.context.dialogs[-1].close()}
        self_voicing.SelfVoicing(self.root, voice.say_focus, lambda: None)
        self.button = Button(self.root, "Below", lambda: None)
        self.button.pack()
        key_bindings.bind_commands(self.root, self.context.run)
        self.dialog = SaveDialog(self.context)
        self.root.update()
        self.root.focus_force()
        self.button.focus_set()
        self.until(lambda: self.speaker.texts == ["Below, button"], "the focus")
        self.open(file)

    def open(self, file: Path | None) -> None:
        name = messages.FROM_CLIPBOARD if file is None else str(file)
        self.dialog.open(described(file), name)
        self.until(lambda: self.root.focus_get() is self.form.kind, "the dialog")
        self.settle()

    @property
    def form(self) -> Any:
        return self.dialog._form

    @property
    def heard(self) -> list[str]:
        return self.speaker.texts

    @property
    def heard_so_far(self) -> list[str]:
        return self.speaker.texts

    def until_heard(self, part: str) -> None:
        self.until(lambda: any(part in text for text in self.heard), part)
        self.settle()

    def type_name(self, name: str) -> None:
        """Go from the choice to the name and replace it."""
        self.press("Tab", "Home", "shift+End", "Delete")
        self.screen.type(name)
        self.settle()


@pytest.fixture
def open_dialog(screen: Screen) -> Iterator[Callable[..., DialogDriver]]:
    opened: list[DialogDriver] = []

    def start(file: Path | None) -> DialogDriver:
        opened.append(DialogDriver(screen, file))
        return opened[-1]

    yield start
    for driver in opened:
        driver.root.destroy()


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    folder = tmp_path / "Pictures"
    folder.mkdir()
    file = folder / "holiday.jpg"
    file.write_bytes(b"a picture")
    return file


@pytest.mark.gui
def test_a_text_is_saved_beside_the_picture(
    open_dialog: Callable[..., DialogDriver], photo: Path
) -> None:
    driver = open_dialog(photo)
    assert "Save, dialog. What to save, combo box, Description as text, 1 of 3" in driver.heard
    driver.press("Tab")
    assert driver.heard[-1] == "File name, edit box, holiday.txt"
    driver.press("Tab")
    assert driver.heard[-1] == f"Folder, edit box, {photo.parent}"
    driver.press("Tab", "space")
    driver.until_heard("Saved holiday.txt in Pictures.")
    text = (photo.parent / "holiday.txt").read_text(encoding="utf-8")
    assert text.splitlines()[0] == SENTENCE
    assert f"Caption: {CAPTION}" in text
    assert "Confidence: 83 percent" in text
    assert "Note: The picture is blurred." in text
    assert "Picture: holiday.jpg" in text
    assert f"Saved: {datetime.now():%Y-%m-%d}" in text
    assert not driver.context.dialogs
    assert driver.root.focus_get() is driver.button
    assert driver.heard[-1] == "Below, button"
    assert sorted(path.name for path in photo.parent.iterdir()) == ["holiday.jpg", "holiday.txt"]


@pytest.mark.gui
def test_file_name_and_kind_follow_one_another(
    open_dialog: Callable[..., DialogDriver], photo: Path
) -> None:
    driver = open_dialog(photo)
    driver.press("Right")
    assert driver.heard[-1] == "Speech as MP3, 2 of 3"
    driver.press("Tab")
    assert driver.heard[-1] == "File name, edit box, holiday.mp3"
    driver.press("shift+Tab")
    driver.type_name("two.words.wav")
    driver.press("shift+Tab")
    assert driver.heard[-1] == "What to save, combo box, Speech as WAV, 3 of 3"
    driver.press("Return")
    driver.until_heard("Saved two.words.wav in Pictures.")
    assert (photo.parent / "two.words.wav").read_text() == SENTENCE


@pytest.mark.gui
def test_speech_is_saved_by_a_real_voice(
    open_dialog: Callable[..., DialogDriver], photo: Path
) -> None:
    driver = open_dialog(photo)
    speaker = make_speaker(offline=True)
    driver.speaker.saver = speaker.save
    driver.press("End", "Return")
    driver.until_heard("Saved holiday.wav in Pictures.")
    with wave.open(str(photo.parent / "holiday.wav")) as file:
        assert file.getnframes() / file.getframerate() > 1.0
    driver.open(photo)
    driver.press("Right", "Return")
    driver.until_heard("Saved holiday.mp3 in Pictures.")
    assert (photo.parent / "holiday.mp3").stat().st_size > 1000
    speaker.close()


@pytest.mark.parametrize(("alt_text", "private"), [("Ann", True), (None, False)])
def test_speech_with_the_authors_words_is_made_offline(
    tmp_path: Path, alt_text: str | None, private: bool
) -> None:
    speaker, opened = SavingSpeaker(), Mock()
    dialog = SaveDialog(Mock(speaker=speaker))
    dialog.open_for = opened  # type: ignore[method-assign]
    description = Description(CAPTION, 0.834, alt_text=alt_text)
    dialog.open(DescribedPicture(description, spoken(description)), "holiday.jpg")
    opened.call_args.args[3](tmp_path / "holiday.wav", False)
    assert speaker.private == [private]


@pytest.mark.gui
def test_an_existing_file_is_replaced_after_a_second_press(
    open_dialog: Callable[..., DialogDriver], photo: Path
) -> None:
    old = photo.parent / "holiday.txt"
    old.write_text("old")
    driver = open_dialog(photo)
    driver.press("Return")
    driver.until_heard("holiday.txt already exists. Press Save again to replace it.")
    assert old.read_text() == "old"
    assert "holiday.txt already exists" in driver.form._message.cget("text")
    other = photo.parent / "other.txt"
    other.write_text("other")
    driver.type_name("other.txt")
    driver.press("Return")
    driver.until_heard("other.txt already exists.")
    assert other.read_text() == "other"
    driver.press("Return")
    driver.until_heard("Saved other.txt in Pictures.")
    assert other.read_text().startswith(SENTENCE)
    assert old.read_text() == "old"


@pytest.mark.gui
def test_cancel_and_escape_save_nothing(
    open_dialog: Callable[..., DialogDriver], photo: Path
) -> None:
    driver = open_dialog(photo)
    driver.press("Tab", "Tab", "Tab", "Tab")
    assert driver.heard[-1] == "Cancel, button, 2 of 2"
    driver.press("Return")
    driver.until(lambda: driver.root.focus_get() is driver.button, "the focus to return")
    driver.open(photo)
    driver.press("Escape")
    driver.until(lambda: driver.root.focus_get() is driver.button, "the focus to return")
    assert [path.name for path in photo.parent.iterdir()] == ["holiday.jpg"]


@pytest.mark.gui
def test_errors_are_spoken_and_the_dialog_stays_open(
    open_dialog: Callable[..., DialogDriver], photo: Path
) -> None:
    driver = open_dialog(photo)
    driver.press("Tab", "Tab", "End")
    driver.screen.type("/nowhere")
    driver.press("Return")
    driver.until_heard(f"There is no folder {photo.parent}/nowhere. Choose another one.")
    assert driver.speaker.said[-1][1] == "error"
    assert driver.root.focus_get() is driver.form.folder
    driver.press("shift+Tab", "Home", "shift+End", "Delete", "Return")
    driver.until_heard(save.NO_NAME)
    assert driver.context.dialogs


@pytest.mark.gui
def test_speech_that_is_slow_or_fails_is_reported(
    open_dialog: Callable[..., DialogDriver], photo: Path
) -> None:
    driver = open_dialog(photo)
    driver.speaker.release.clear()

    def fail(_text: str, _path: Path) -> str:
        raise SpeechError("Google does not answer.", "Use the offline voice.")

    driver.speaker.saver = fail
    driver.press("Right", "Return")
    driver.until_heard(messages.WORKING)
    driver.press("Return")
    assert driver.heard[-1] == messages.WORKING
    driver.speaker.release.set()
    driver.until_heard("Google does not answer. Use the offline voice.")
    assert driver.context.dialogs
    driver.speaker.saver = driver.speaker._save_text
    driver.speaker.release.clear()
    driver.press("Return")
    driver.press("Escape")
    driver.speaker.release.set()
    driver.until_heard("Saved holiday.mp3 in Pictures.")


@pytest.mark.gui
def test_a_picture_from_the_clipboard_is_saved_in_documents(
    open_dialog: Callable[..., DialogDriver], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    documents = tmp_path / "Documents"
    documents.mkdir()
    monkeypatch.setattr("platformdirs.user_documents_dir", lambda: str(documents))
    driver = open_dialog(None)
    driver.press("Return")
    driver.until_heard("Saved Picture from the clipboard.txt in Documents.")
    assert (documents / "Picture from the clipboard.txt").is_file()


def test_a_read_only_folder_is_not_suggested(
    photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    documents = tmp_path / "Documents"
    monkeypatch.setattr("platformdirs.user_documents_dir", lambda: str(documents))
    monkeypatch.setattr("os.access", lambda path, _mode: Path(path) != photo.parent)
    assert save.default_location(str(photo), str(photo)) == (Path.home(), "holiday")
    documents.mkdir()
    assert save.default_location(str(photo), str(photo)) == (documents, "holiday")


def request(path: Path, *, replace: bool = False) -> save.SaveRequest:
    return save.SaveRequest(path, "words", "speech", replace)


def test_the_picture_itself_is_never_replaced(tmp_path: Path) -> None:
    picture = tmp_path / "picture.txt"  # its name is wrong, but it may be one
    picture.write_bytes(b"pixels")
    link = tmp_path / "link.txt"
    link.symlink_to(picture)
    for path in (picture, link):
        with pytest.raises(SaveError, match="is the picture itself"):
            save.save_description(
                request(path, replace=True), str(picture), lambda _text, _path: ""
            )
    assert picture.read_bytes() == b"pixels"


@pytest.mark.parametrize(
    ("number", "sentence"),
    [
        (errno.ENOSPC, "The disk is full."),
        (errno.EACCES, "You are not allowed to write in Pictures."),
        (errno.EIO, "new.txt can't be saved: Input/output error."),
    ],
)
def test_no_partial_file_is_left_behind(
    photo: Path, monkeypatch: pytest.MonkeyPatch, number: int, sentence: str
) -> None:
    def fail(_handle: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(SaveError) as error:
        save.save_description(
            request(photo.parent / "new.txt"), str(photo), lambda _text, _path: ""
        )
    assert error.value.sentence == sentence
    assert error.value.way_out
    assert [path.name for path in photo.parent.iterdir()] == ["holiday.jpg"]


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("x" * 300 + ".txt", "too long"),
        ("nu\0ll.txt", "not a valid file name"),
        ("..", "is a folder"),
    ],
)
def test_invalid_names_are_refused(tmp_path: Path, name: str, part: str) -> None:
    with pytest.raises(SaveError, match=part):
        save.save_description(request(tmp_path / name), None, lambda _text, _path: "")


@given(
    st.text(st.characters(exclude_characters="/\\\0"), min_size=1),
    st.sampled_from(SUFFIXES),
    st.sampled_from(SUFFIXES),
)
def test_a_known_suffix_is_replaced_and_others_stay(stem: str, one: str, other: str) -> None:
    assert with_suffix(f"a{stem}.jpg", one) == f"a{stem}.jpg{one}"
    assert with_suffix(with_suffix(f"a{stem}", one), other).endswith(other)
    assert with_suffix(f"a{stem}{one}", other) == f"a{stem}{other}"
    assert with_suffix(f"a{stem}{one.upper()}", other, keep_known=True).endswith(one.upper())


def test_the_saved_text_has_the_sentence_once() -> None:
    text = saved_text(described(None), "a.jpg", datetime(2026, 2, 3, 4, 5))
    assert text.count(SENTENCE) == 1
    assert "Saved: 2026-02-03 04:05" in text
    assert text.endswith("\n")


def test_the_saved_text_of_a_page_is_all_of_it_without_a_caption() -> None:
    page = DescribedPicture(Description("a man", 0.01, text=LETTER), SpokenDescription("", "", "x"))
    text = saved_text(page, "a.jpg", datetime(2026, 2, 3, 4, 5))
    assert "\n16 Uhr Tombola\n" in text
    assert "a man" not in text
