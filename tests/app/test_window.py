"""The window, driven by real keys; only the describer and the voice are doubles here.

The whole program, with a real bundle, is driven in test_app_program.py.
"""

import contextlib
import itertools
import threading
import time
import tkinter as tk
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from image_describer.app import keymap, messages, theme
from image_describer.app.tasks import progress
from image_describer.app.tasks.progress import ANNOUNCE_AFTER_MS
from image_describer.app.voice.announcer import CHECK_VOICE_AFTER_MS
from image_describer.errors import BundleError
from tests.support.screen import LIMIT_S, assert_once_below, own_time
from tests.support.window import CAPTION, AppDriver

pytestmark = pytest.mark.gui


def test_describes_shows_and_says(drive: Callable[..., AppDriver], photo: str) -> None:
    driven = drive()
    driven.app.start([photo])
    driven.until_described()
    assert driven.shown == f"Probably: {CAPTION}."
    assert driven.heard.said[-1] == (f"Probably: {CAPTION}.", "description", True)
    assert driven.root.title() == f"Probably: {CAPTION}. - photo.png - Image Describer"
    assert driven.describer.threads[0] is not threading.main_thread()
    assert "Working" not in driven.heard.texts


def test_the_loop_keeps_ticking_while_a_picture_is_described(
    drive: Callable[..., AppDriver], tmp_path: Path
) -> None:
    driven = drive(seconds=1.0)
    large = tmp_path / "large.jpg"
    Image.radial_gradient("L").resize((5000, 4000)).convert("RGB").save(large)
    ticks: list[float] = []

    def tick() -> None:
        ticks.append(own_time())
        driven.root.after(10, tick)

    def longest_gap() -> float:
        ticks.clear()
        before = driven.descriptions
        driven.app.open_file(str(large))
        driven.until(lambda: driven.descriptions > before, "the description")
        return max(later - earlier for earlier, later in itertools.pairwise(ticks))

    tick()
    assert_once_below(longest_gap, 0.35, "the longest time for which the window hung, in seconds,")


def test_an_idle_window_asks_for_no_timer(drive: Callable[..., AppDriver], photo: str) -> None:
    driven = drive()
    driven.app.open_file(photo)
    driven.until_described()
    driven.for_s((ANNOUNCE_AFTER_MS + CHECK_VOICE_AFTER_MS) / 1000)
    driven.root.focus_set()
    driven.until(
        lambda: driven.root.tk.splitlist(driven.root.tk.call("after", "info")) == (),
        "the end of all timers",
    )


def test_working_is_said_after_half_a_second_and_not_before(
    drive: Callable[..., AppDriver], photo: str
) -> None:
    driven = drive()
    driven.describer.let.clear()
    began = time.monotonic()
    driven.app.open_file(photo)
    driven.until(lambda: "Working" in driven.heard.texts, "Working")
    assert time.monotonic() - began >= ANNOUNCE_AFTER_MS / 1000
    assert driven.shown == "Working…"
    driven.describer.let.set()
    driven.until_described()
    assert driven.heard.texts.count("Working") == 1


@pytest.fixture
def held(drive: Callable[..., AppDriver], monkeypatch: pytest.MonkeyPatch) -> AppDriver:
    """One whose describer waits until it is let, and which says "Working" only when asked."""
    monkeypatch.setattr(progress, "ANNOUNCE_AFTER_MS", 600_000)
    driven = drive()
    driven.describer.let.clear()
    return driven


def test_escape_cancels_and_the_result_is_dropped(held: AppDriver, photo: str) -> None:
    driven = held
    driven.app.open_file(photo)
    driven.until(lambda: driven.describer.files, "the describer to begin")
    driven.press("Escape")
    assert driven.heard.texts == ["Cancelled."]
    driven.describer.let.set()
    driven.until_idle()
    assert driven.describer.files == [photo]
    assert driven.shown == "Cancelled."
    assert driven.heard.texts == ["Cancelled."]


def test_escape_silences_first_and_cancels_then(held: AppDriver, photo: str) -> None:
    driven = held
    driven.heard.speaking = True
    driven.app.open_file(photo)
    driven.press("Escape")
    assert driven.heard.stops == 1
    assert "Cancelled." not in driven.heard.texts
    driven.press("Escape")
    assert driven.heard.texts == ["Cancelled."]
    driven.describer.let.set()


def test_a_second_press_starts_nothing_twice(held: AppDriver, photo: str) -> None:
    driven = held
    driven.app.open_file(photo)
    driven.for_s(0.1)
    driven.app.open_file(photo)
    driven.press("ctrl+r")
    assert driven.heard.texts == ["Working", "Working"]
    driven.describer.let.set()
    driven.until_described()
    driven.until_idle()
    assert driven.describer.files == [photo]
    assert driven.descriptions == 1


def test_another_picture_replaces_the_one_under_way(
    held: AppDriver, photo: str, tmp_path: Path
) -> None:
    driven = held
    other = str(tmp_path / "other.png")
    Image.new("RGB", (40, 30), "red").save(other)
    for number, file in enumerate((photo, other), 1):
        driven.app.open_file(file)
        driven.until(lambda n=number: len(driven.describer.files) == n, "the describer to begin")
    driven.describer.let.set()
    driven.until_described()
    driven.until_idle()
    assert driven.describer.files == [photo, other]
    assert driven.descriptions == 1
    assert "other.png" in driven.root.title()


def test_the_sentence_can_be_read_and_selected_but_not_changed(
    drive: Callable[..., AppDriver], photo: str
) -> None:
    driven = drive()
    driven.app.open_file(photo)
    driven.until_described()
    before = driven.shown
    text = driven.app.window.sentence
    driven.press("x", "BackSpace", "Delete", "Return", "ctrl+k", "shift+Insert", "ctrl+h")
    assert driven.shown == before
    driven.press("Home", "Right", "Right")
    assert text.index("insert") == "1.2"
    driven.press("Home", "shift+Right", "shift+Right", "shift+Right")
    assert text.selected() == "Pro"
    driven.press("ctrl+c")
    assert driven.root.clipboard_get() == "Pro"
    driven.press("Right")
    driven.press("ctrl+c")
    assert driven.root.clipboard_get() == CAPTION
    assert driven.heard.texts[-1] == messages.COPIED.format(caption=CAPTION)


def test_control_alone_stops_and_control_with_another_key_does_not(
    drive: Callable[..., AppDriver], photo: str
) -> None:
    driven = drive()
    driven.app.open_file(photo)
    driven.until_described()
    driven.press("Control_L")
    assert driven.heard.stops == 1
    driven.press("Control_R")
    assert driven.heard.stops == 2
    driven.press("ctrl+c", "ctrl+Tab", "ctrl+x", "ctrl+shift")
    assert driven.heard.stops == 2
    driven.screen.xdotool("keydown", "Control_L")
    driven.settle()
    assert driven.heard.stops == 2
    driven.screen.xdotool("keyup", "Control_L")
    driven.settle()
    assert driven.heard.stops == 3


@pytest.mark.parametrize("key", ["ctrl+r", "F5"])
def test_repeat(drive: Callable[..., AppDriver], photo: str, key: str) -> None:
    driven = drive()
    driven.press(key)
    assert driven.heard.texts[-1].startswith("There is no description yet. Control O")
    driven.app.open_file(photo)
    driven.until_described()
    driven.heard.said.clear()
    driven.press(key)
    assert driven.heard.said == [(f"Probably: {CAPTION}.", "description", True)]


def test_keys_work_with_caps_lock(drive: Callable[..., AppDriver], photo: str) -> None:
    driven = drive()
    driven.app.open_file(photo)
    driven.until_described()
    driven.heard.said.clear()
    driven.press("Caps_Lock")
    try:
        driven.press("ctrl+r")
    finally:
        driven.press("Caps_Lock")
    assert driven.heard.texts == [f"Probably: {CAPTION}."]


def test_tab_reaches_everything_and_comes_round(drive: Callable[..., AppDriver]) -> None:
    driven = drive()
    window = driven.app.window
    expected = [*window.buttons.values(), window.view, window.sentence]
    seen = []
    for _ in expected:
        driven.press("Tab")
        seen.append(driven.root.focus_get())
    assert seen == expected
    back = []
    for _ in expected:
        driven.press("shift+Tab")
        back.append(driven.root.focus_get())
    assert back == [*reversed(expected[:-1]), expected[-1]]


def test_the_focus_can_be_seen(drive: Callable[..., AppDriver]) -> None:
    driven = drive()
    window = driven.app.window
    yellow = tuple(bytes.fromhex(theme.NORMAL.focus[1:]))
    driven.press("Tab", "Tab")
    shot = driven.screen.shot()

    def ringed(widget: tk.Misc) -> bool:
        x, y = widget.winfo_rootx(), widget.winfo_rooty()
        middle = y + widget.winfo_height() // 2
        return shot.getpixel((x + 1, middle)) == yellow

    assert [name for name, button in window.buttons.items() if ringed(button)] == ["repeat"]
    assert not ringed(window.sentence)


def test_space_and_return_press_the_focused_button(
    drive: Callable[..., AppDriver], photo: str
) -> None:
    driven = drive()
    driven.app.open_file(photo)
    driven.until_described()
    driven.heard.said.clear()
    driven.press("Tab", "Tab", "space", "Return")
    said = [text for text in driven.heard.texts if not text.startswith(("Open", "Repeat"))]
    assert said == [f"Probably: {CAPTION}."] * 2


def test_the_menus_hold_the_table(drive: Callable[..., AppDriver]) -> None:
    driven = drive()
    bar = driven.root.nametowidget(driven.root.cget("menu"))
    found = {}
    for number in range(bar.index("end") + 1):
        menu = driven.root.nametowidget(bar.entrycget(number, "menu"))
        for entry in range(menu.index("end") + 1):
            label = menu.entrycget(entry, "label")
            letter = label[int(menu.entrycget(entry, "underline"))].upper()
            found[label] = (bar.entrycget(number, "label"), letter)
    table = {command.label: (command.menu, command.letter) for command in keymap.COMMANDS}
    assert found == table
    driven.press("alt+h", "w")
    driven.until(lambda: driven.heard.said_last("No picture is open."), "the command")


def test_a_bad_file_is_told_and_the_app_goes_on(
    drive: Callable[..., AppDriver], photo: str, tmp_path: Path
) -> None:
    driven = drive()
    bad = tmp_path / "bad.jpg"
    bad.write_text("this is no picture")
    driven.app.open_file(str(bad))
    driven.until(lambda: driven.heard.said, "the error")
    assert driven.shown == driven.heard.texts[-1]
    assert "Traceback" not in driven.shown
    driven.press("F5")
    assert driven.heard.texts[-1] == driven.heard.texts[-2]
    driven.app.open_file(photo)
    driven.until_described()


def test_what_nobody_foresaw_is_told_with_the_place_of_the_log(
    drive: Callable[..., AppDriver], photo: str
) -> None:
    driven = drive(error=ZeroDivisionError("secret"))
    driven.app.open_file(photo)
    driven.until(lambda: driven.heard.said, "the error")
    assert "ZeroDivisionError" in driven.shown
    assert messages.LOG_NAME in driven.shown
    assert "secret" not in driven.shown


def test_a_key_that_fails_is_told_too(
    drive: Callable[..., AppDriver], monkeypatch: pytest.MonkeyPatch
) -> None:
    driven = drive()
    monkeypatch.setattr(messages, "NO_PICTURE", "{nobody} knows this key")
    driven.press("F2")
    assert "KeyError" in driven.shown
    assert driven.heard.texts[-1] == driven.shown


def test_a_bad_bundle_is_told_at_the_start_and_tried_again(
    drive: Callable[..., AppDriver], photo: str
) -> None:
    driven = drive()
    driven.build_error = BundleError("The bundle is gone.", "Put it back.")
    driven.app.start([])
    driven.until(lambda: "The bundle is gone. Put it back." in driven.heard.texts, "the error")
    assert driven.shown == "The bundle is gone. Put it back."
    driven.build_error = None
    driven.app.open_file(photo)
    driven.until_described()
    assert len(driven.builds) == 2


def test_help_opens_speaks_and_closes(drive: Callable[..., AppDriver]) -> None:
    driven = drive()
    driven.press("Tab", "Tab")
    driven.press("F1")
    assert "Control O: open a picture." in driven.heard.texts[-1]
    driven.until(lambda: driven.screen.focused().startswith("Help"), "the help window")
    driven.press("F2")
    assert driven.heard.texts[-1].startswith("No picture is open.")
    driven.press("Escape")
    assert driven.screen.windows("^Help") == []
    assert driven.root.focus_get() is driven.app.window.buttons["repeat"]
    driven.press("Escape")
    assert driven.root.winfo_exists()


def test_more_is_said_and_shown_and_goes_with_its_picture(
    drive: Callable[..., AppDriver], photo: str
) -> None:
    driven = drive()
    driven.press("ctrl+d")
    assert driven.heard.texts[-1] == messages.with_keys(messages.NOTHING_YET, keymap.spoken)
    driven.app.open_file(photo)
    driven.until_described()
    driven.press("ctrl+d")
    assert driven.heard.texts[-1].startswith(
        "More, dialog. I am 80 percent sure of this. The picture has 300 by 200 pixels. "
        "The file was last changed on "
    )
    driven.until(lambda: driven.screen.focused().startswith(messages.MORE_TITLE), "the details")
    driven.press("F1")
    assert driven.screen.windows(f"^{messages.MORE_TITLE}") == []
    driven.until(lambda: driven.screen.focused().startswith("Help"), "the help")
    driven.press("ctrl+d")
    driven.until(lambda: driven.screen.focused().startswith(messages.MORE_TITLE), "the details")
    driven.app.open_file(photo)
    driven.for_s(0.2)
    assert driven.screen.windows(f"^{messages.MORE_TITLE}") == []


def test_a_clipboard_that_hangs_neither_stops_the_loop_nor_escape(
    drive: Callable[..., AppDriver], monkeypatch: pytest.MonkeyPatch
) -> None:
    def hang() -> str:
        time.sleep(30)
        return ""

    monkeypatch.setattr("image_describer.app.sources.clipboard.reader", lambda _root: hang)
    driven = drive()
    ticks: list[float] = []

    def tick() -> None:
        ticks.append(time.monotonic())
        driven.root.after(10, tick)

    tick()
    driven.screen.press("ctrl+v")
    driven.until(lambda: driven.heard.said_last(messages.WORKING), "Working")
    before = driven.shown
    driven.press("Escape")
    assert driven.heard.texts[-1] == messages.CANCELLED
    assert driven.shown == before
    # It would be the 30 s; less is another program's doing.
    assert max(later - earlier for earlier, later in itertools.pairwise(ticks[5:])) < 10


def test_where_am_i(drive: Callable[..., AppDriver], photo: str) -> None:
    driven = drive()
    driven.app.open_file(photo)
    driven.until_described()
    driven.press("F2")
    assert driven.heard.texts[-1] == "photo.png. 300 by 200 pixels. Ready."


def test_why_nothing_is_heard_is_shown(drive: Callable[..., AppDriver], photo: str) -> None:
    driven = drive()
    driven.heard.last_error = "I can't speak: there is no sound card."
    driven.app.open_file(photo)
    driven.until_described()
    status = driven.app.window
    driven.until(lambda: status.status == f"Ready. {driven.heard.last_error}", "the trouble")
    driven.press("F5")
    driven.for_s(CHECK_VOICE_AFTER_MS / 1000 + 0.2)
    assert status.status == f"Ready. {driven.heard.last_error}"


def test_the_smallest_window_holds_everything(drive: Callable[..., AppDriver], photo: str) -> None:
    driven = drive()
    driven.root.geometry("640x480")
    driven.app.window.sentence.show("Probably: " + "a brown dog runs through grass " * 6)
    driven.app.open_file(photo)
    driven.until(lambda: driven.root.winfo_width() == 640, "the smallest window")
    driven.until_idle()
    window = driven.app.window
    for widget in (window.sentence, *window.buttons.values(), window.view):
        right = widget.winfo_rootx() + widget.winfo_width() - driven.root.winfo_rootx()
        bottom = widget.winfo_rooty() + widget.winfo_height() - driven.root.winfo_rooty()
        assert right <= 640
        assert bottom <= 480
    for button in window.buttons.values():
        assert button.winfo_width() >= button.winfo_reqwidth()
    assert window.view.winfo_height() >= 80


def test_ctrl_q_quits(drive: Callable[..., AppDriver]) -> None:
    driven = drive()
    driven.screen.press("ctrl+q")
    deadline = time.monotonic() + LIMIT_S
    with contextlib.suppress(tk.TclError):
        while time.monotonic() < deadline:
            driven.root.update()
            driven.root.winfo_exists()
    with pytest.raises(tk.TclError, match="destroyed"):
        driven.root.winfo_exists()
