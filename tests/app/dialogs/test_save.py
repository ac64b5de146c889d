"""Saving by real keys, on a screen: what lies in the folder afterwards, and what was heard."""

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
from image_describer.app.dialogs import save as saving
from image_describer.app.dialogs.save import SUFFIXES, SaveDialog, as_text, with_suffix
from image_describer.app.jobs import JobRunner
from image_describer.app.voice import self_voicing
from image_describer.app.voice.announcer import Announcer
from image_describer.captioner.description import Description
from image_describer.errors import SaveError, SpeechError
from image_describer.speech import make_speaker
from image_describer.wording.sentence import SpokenDescription, spoken
from tests.support.screen import LIMIT_S, Screen
from tests.support.window import KEPT, FakeSpeaker, TkLoop

CAPTION = "two dogs play in the snow"
SENTENCE = f"The picture is blurred. Probably: {CAPTION}."
SPOKEN = SpokenDescription("", SENTENCE)


def described(file: Path | None) -> DescribedPicture:
    notes = ("The picture is blurred.",)
    name = None if file is None else str(file)
    return DescribedPicture(Description(CAPTION, 0.834, notes=notes, file=name), SPOKEN)


class Mouth(FakeSpeaker):
    """A FakeSpeaker that saves, too: by ``saver``, once it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.let = threading.Event()
        self.let.set()
        self.private: list[bool] = []
        self.saver: Callable[[str, Path], str] = self._plainly

    def _plainly(self, text: str, path: Path) -> str:
        path.write_bytes(text.encode())
        return "espeak"

    def save(self, text: str, path: Path, *, private: bool = False) -> str:
        self.private.append(private)
        assert self.let.wait(2 * LIMIT_S)
        return self.saver(text, path)


class Stage(TkLoop):
    """A window with one button, and the dialog above it."""

    def __init__(self, screen: Screen, file: Path | None) -> None:
        self.screen = screen
        self.root = tk.Tk()
        KEPT.append(self.root)
        self.root.geometry("700x500")
        self.mouth = Mouth()
        voice = Announcer(self.root, self.mouth, lambda _trouble: None)  # type: ignore[arg-type]
        self.context = AppContext(self.root, JobRunner(self.root.after), self.mouth, voice)  # type: ignore[arg-type]
        self.context.run = {"escape": lambda: self.context.dialogs[-1].close()}
        self_voicing.SelfVoicing(self.root, voice.say_focus, lambda: None)
        self.button = tk.Button(self.root, text="Below")
        self.button.pack()
        key_bindings.bind_commands(self.root, self.context.run)
        self.dialog = SaveDialog(self.context)
        self.root.update()
        self.root.focus_force()
        self.button.focus_set()
        self.until(lambda: self.mouth.texts == ["Below, button"], "the focus")
        self.open(file)

    def open(self, file: Path | None) -> None:
        name = messages.FROM_CLIPBOARD if file is None else str(file)
        self.dialog.open(described(file), name)
        self.until(lambda: self.root.focus_get() is self.form.kind, "the dialog")
        self.for_s(0.1)

    @property
    def form(self) -> Any:
        return self.dialog._form

    @property
    def heard(self) -> list[str]:
        return self.mouth.texts

    @property
    def heard_so_far(self) -> list[str]:
        return self.mouth.texts

    def until_heard(self, words: str) -> None:
        self.until(lambda: any(words in text for text in self.heard), words)
        self.for_s(0.15)

    def name_it(self, name: str) -> None:
        """Type another name; begins at the choice."""
        self.press("Tab", "Home", "shift+End", "Delete")
        self.screen.type(name)
        self.for_s(0.15)


@pytest.fixture
def stage(screen: Screen) -> Iterator[Callable[..., Stage]]:
    opened: list[Stage] = []

    def start(file: Path | None) -> Stage:
        opened.append(Stage(screen, file))
        return opened[-1]

    yield start
    for one in opened:
        one.root.destroy()


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    folder = tmp_path / "Pictures"
    folder.mkdir()
    file = folder / "holiday.jpg"
    file.write_bytes(b"a picture")
    return file


@pytest.mark.gui
def test_a_text_is_saved_beside_the_picture(stage: Callable[..., Stage], photo: Path) -> None:
    one = stage(photo)
    assert "Save, dialog. What to save, choice, Description as text, 1 of 3" in one.heard
    one.press("Tab")
    assert one.heard[-1] == "File name, edit box, holiday.txt"
    one.press("Tab")
    assert one.heard[-1] == f"Folder, edit box, {photo.parent}"
    one.press("Tab", "space")
    one.until_heard("Saved holiday.txt in Pictures.")
    text = (photo.parent / "holiday.txt").read_text(encoding="utf-8")
    assert text.splitlines()[0] == SENTENCE
    assert f"Caption: {CAPTION}" in text
    assert "Confidence: 83 percent" in text
    assert "Note: The picture is blurred." in text
    assert "Picture: holiday.jpg" in text
    assert f"Saved: {datetime.now():%Y-%m-%d}" in text
    assert not one.context.dialogs
    assert one.root.focus_get() is one.button
    assert one.heard[-1] == "Below, button"
    assert sorted(path.name for path in photo.parent.iterdir()) == ["holiday.jpg", "holiday.txt"]


@pytest.mark.gui
def test_the_name_and_the_format_follow_one_another(
    stage: Callable[..., Stage], photo: Path
) -> None:
    one = stage(photo)
    one.press("Right")
    assert one.heard[-1] == "Speech as MP3, 2 of 3"
    one.press("Tab")
    assert one.heard[-1] == "File name, edit box, holiday.mp3"
    one.press("shift+Tab")
    one.name_it("two.words.wav")
    one.press("shift+Tab")
    assert one.heard[-1] == "What to save, choice, Speech as WAV, 3 of 3"
    one.press("Return")
    one.until_heard("Saved two.words.wav in Pictures.")
    assert (photo.parent / "two.words.wav").read_text() == SENTENCE


@pytest.mark.gui
def test_speech_is_saved_by_a_real_voice(stage: Callable[..., Stage], photo: Path) -> None:
    one = stage(photo)
    speaker = make_speaker(offline=True)
    one.mouth.saver = speaker.save
    one.press("End", "Return")
    one.until_heard("Saved holiday.wav in Pictures.")
    with wave.open(str(photo.parent / "holiday.wav")) as file:
        assert file.getnframes() / file.getframerate() > 1.0
    one.open(photo)
    one.press("Right", "Return")
    one.until_heard("Saved holiday.mp3 in Pictures.")
    assert (photo.parent / "holiday.mp3").stat().st_size > 1000
    speaker.close()


@pytest.mark.parametrize(("alt_text", "private"), [("Ann", True), (None, False)])
def test_speech_with_an_authors_words_is_made_offline(
    tmp_path: Path, alt_text: str | None, private: bool
) -> None:
    mouth, opened = Mouth(), Mock()
    dialog = SaveDialog(Mock(speaker=mouth))
    dialog.open_for = opened  # type: ignore[method-assign]
    description = Description(CAPTION, 0.834, alt_text=alt_text)
    dialog.open(DescribedPicture(description, spoken(description)), "holiday.jpg")
    opened.call_args.args[2](tmp_path / "holiday.wav", False)
    assert mouth.private == [private]


@pytest.mark.gui
def test_a_file_that_is_there_is_replaced_only_when_asked_twice(
    stage: Callable[..., Stage], photo: Path
) -> None:
    old = photo.parent / "holiday.txt"
    old.write_text("old")
    one = stage(photo)
    one.press("Return")
    one.until_heard("holiday.txt is there already. Press Save again to replace it.")
    assert old.read_text() == "old"
    assert "holiday.txt is there already" in one.form._told.cget("text")
    other = photo.parent / "other.txt"
    other.write_text("other")
    one.name_it("other.txt")
    one.press("Return")
    one.until_heard("other.txt is there already.")
    assert other.read_text() == "other"
    one.press("Return")
    one.until_heard("Saved other.txt in Pictures.")
    assert other.read_text().startswith(SENTENCE)
    assert old.read_text() == "old"


@pytest.mark.gui
def test_cancel_and_escape_save_nothing(stage: Callable[..., Stage], photo: Path) -> None:
    one = stage(photo)
    one.press("Tab", "Tab", "Tab", "Tab")
    assert one.heard[-1] == "Cancel, button, 2 of 2"
    one.press("Return")
    one.until(lambda: one.root.focus_get() is one.button, "the window")
    one.open(photo)
    one.press("Escape")
    one.until(lambda: one.root.focus_get() is one.button, "the window")
    assert [path.name for path in photo.parent.iterdir()] == ["holiday.jpg"]


@pytest.mark.gui
def test_what_goes_wrong_is_told_and_the_dialog_stays(
    stage: Callable[..., Stage], photo: Path
) -> None:
    one = stage(photo)
    one.press("Tab", "Tab", "End")
    one.screen.type("/nowhere")
    one.press("Return")
    one.until_heard(f"There is no folder {photo.parent}/nowhere. Choose another one.")
    assert one.mouth.said[-1][1] == "error"
    assert one.root.focus_get() is one.form.folder
    one.press("shift+Tab", "Home", "shift+End", "Delete", "Return")
    one.until_heard(saving.NO_NAME)
    assert one.context.dialogs


@pytest.mark.gui
def test_speech_that_fails_or_is_slow_is_told(stage: Callable[..., Stage], photo: Path) -> None:
    one = stage(photo)
    one.mouth.let.clear()

    def fail(_text: str, _path: Path) -> str:
        raise SpeechError("Google does not answer.", "Use the offline voice.")

    one.mouth.saver = fail
    one.press("Right", "Return")
    one.until_heard(messages.WORKING)
    one.press("Return")
    assert one.heard[-1] == messages.WORKING
    one.mouth.let.set()
    one.until_heard("Google does not answer. Use the offline voice.")
    assert one.context.dialogs
    one.mouth.saver = one.mouth._plainly
    one.mouth.let.clear()
    one.press("Return")
    one.press("Escape")
    one.mouth.let.set()
    one.until_heard("Saved holiday.mp3 in Pictures.")


@pytest.mark.gui
def test_a_picture_from_the_clipboard_goes_to_the_documents(
    stage: Callable[..., Stage], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    documents = tmp_path / "Documents"
    documents.mkdir()
    monkeypatch.setattr("platformdirs.user_documents_dir", lambda: str(documents))
    one = stage(None)
    one.press("Return")
    one.until_heard("Saved Picture from the clipboard.txt in Documents.")
    assert (documents / "Picture from the clipboard.txt").is_file()


def test_a_folder_that_cannot_be_written_is_not_proposed(
    photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    documents = tmp_path / "Documents"
    monkeypatch.setattr("platformdirs.user_documents_dir", lambda: str(documents))
    monkeypatch.setattr("os.access", lambda path, _mode: Path(path) != photo.parent)
    assert saving.default_place(str(photo), str(photo)) == (Path.home(), "holiday")
    documents.mkdir()
    assert saving.default_place(str(photo), str(photo)) == (documents, "holiday")


def wanted(path: Path, *, replace: bool = False) -> saving.Wanted:
    return saving.Wanted(path, "words", "speech", replace)


def test_the_picture_itself_is_never_replaced(tmp_path: Path) -> None:
    picture = tmp_path / "picture.txt"  # its name is wrong, but it may be one
    picture.write_bytes(b"pixels")
    link = tmp_path / "link.txt"
    link.symlink_to(picture)
    for path in (picture, link):
        with pytest.raises(SaveError, match="is the picture itself"):
            saving.write(wanted(path, replace=True), str(picture), lambda _text, _path: "")
    assert picture.read_bytes() == b"pixels"


@pytest.mark.parametrize(
    ("number", "told"),
    [
        (errno.ENOSPC, "The disk is full."),
        (errno.EACCES, "You are not allowed to write in Pictures."),
        (errno.EIO, "new.txt can't be saved: Input/output error."),
    ],
)
def test_half_a_file_never_stays(
    photo: Path, monkeypatch: pytest.MonkeyPatch, number: int, told: str
) -> None:
    def fail(_handle: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(SaveError) as caught:
        saving.write(wanted(photo.parent / "new.txt"), str(photo), lambda _text, _path: "")
    assert caught.value.sentence == told
    assert caught.value.way_out
    assert [path.name for path in photo.parent.iterdir()] == ["holiday.jpg"]


@pytest.mark.parametrize(
    ("name", "told"),
    [("x" * 300 + ".txt", "too long"), ("nu\0ll.txt", "no valid name"), ("..", "is a folder")],
)
def test_names_that_are_none_are_told(tmp_path: Path, name: str, told: str) -> None:
    with pytest.raises(SaveError, match=told):
        saving.write(wanted(tmp_path / name), None, lambda _text, _path: "")


@given(
    st.text(st.characters(exclude_characters="/\\\0"), min_size=1),
    st.sampled_from(SUFFIXES),
    st.sampled_from(SUFFIXES),
)
def test_an_ending_of_ours_is_replaced_and_others_stay(stem: str, one: str, other: str) -> None:
    assert with_suffix(f"a{stem}.jpg", one) == f"a{stem}.jpg{one}"
    assert with_suffix(with_suffix(f"a{stem}", one), other).endswith(other)
    assert with_suffix(f"a{stem}{one}", other) == f"a{stem}{other}"
    assert with_suffix(f"a{stem}{one.upper()}", other, keep_others=True).endswith(one.upper())


def test_the_text_says_everything_once() -> None:
    text = as_text(described(None), "a.jpg", datetime(2026, 2, 3, 4, 5))
    assert text.count(SENTENCE) == 1
    assert "Saved: 2026-02-03 04:05" in text
    assert text.endswith("\n")
