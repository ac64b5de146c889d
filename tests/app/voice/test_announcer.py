"""What the announcer hands to the speaker, and what may go to an online voice."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from unittest.mock import Mock, call

import pytest

from image_describer.app.voice.announcer import Announcer
from image_describer.captioner.description import Description
from image_describer.wording.sentence import SpokenDescription, spoken
from tests.support.window import AppDriver

DOG = Description("a brown dog runs", 0.8)
REX = replace(DOG, alt_text="a dog named Rex")
OWN = "Probably: a brown dog runs."


def texts_for_online_voices(speaker: Mock) -> list[str]:
    """The texts that were said without being marked as private."""
    calls = speaker.say.mock_calls
    return [
        c.args[0] for c in calls if c.kwargs["kind"] == "description" or not c.kwargs["private"]
    ]


@pytest.mark.parametrize(("asked", "kind"), [(True, "phrase"), (False, "notice")])
def test_the_authors_words_are_private(asked: bool, kind: str) -> None:
    speaker = Mock()
    Announcer(Mock(), speaker, lambda _reason: None).say_description(spoken(REX), asked=asked)
    assert speaker.say.mock_calls == [
        call(
            "Its author says: a dog named Rex.",
            kind=kind,
            private=True,
            interrupt=True,
            language="en",
        ),
        call(OWN, kind="description", private=False, interrupt=False, language="en"),
    ]


@pytest.mark.parametrize("prefix", ["Its author says: ", "Sein Autor sagt: ", ""])
def test_no_wording_sends_the_authors_words_online(
    monkeypatch: pytest.MonkeyPatch, prefix: str
) -> None:
    monkeypatch.setattr("image_describer.wording.sentence.AUTHOR_PREFIX", prefix)
    speaker = Mock()
    Announcer(Mock(), speaker, lambda _reason: None).say_description(spoken(REX))
    assert texts_for_online_voices(speaker) == [OWN]


def test_what_is_quoted_in_another_language_is_said_by_its_voice() -> None:
    speaker = Mock()
    announcer = Announcer(Mock(), speaker, lambda _reason: None)
    announcer.answer_and_quote("Top left.", "A dog.", "en")
    announcer.answer_and_quote("Top left.", "Ein Hund.", "de")
    assert [(c.args[0], c.kwargs["language"]) for c in speaker.say.mock_calls] == [
        ("Top left. A dog.", ""),
        ("Top left.", ""),
        ("Ein Hund.", "de"),
    ]


def test_a_sentence_of_unknown_origin_is_private() -> None:
    speaker = Mock()
    old = SpokenDescription("Probably: Rex.", "")  # as an old history entry is read
    Announcer(Mock(), speaker, lambda _reason: None).say_description(old)
    assert texts_for_online_voices(speaker) == []


def test_what_is_written_in_the_picture_is_private_and_comes_last() -> None:
    speaker = Mock()
    announcer = Announcer(Mock(), speaker, lambda _reason: None)
    announcer.say_description(SpokenDescription("", OWN, "It says: Exit."), asked=True)
    announcer.say_description(SpokenDescription("", "", "It says: Dear Ann."))
    assert texts_for_online_voices(speaker) == [OWN]
    assert [c.args[0] for c in speaker.say.mock_calls] == [
        OWN,
        "It says: Exit.",
        "It says: Dear Ann.",
    ]


def test_without_the_authors_words_the_description_is_not_private() -> None:
    speaker = Mock()
    Announcer(Mock(), speaker, lambda _reason: None).say_description(spoken(DOG))
    assert speaker.say.mock_calls == [
        call(OWN, kind="description", private=False, interrupt=True, language="en")
    ]


def test_a_description_is_said_in_its_own_language() -> None:
    speaker = Mock()
    german = SpokenDescription("Von Ann.", "Wohl ein Hund.", "Dort steht: Exit.", "de")
    Announcer(Mock(), speaker, lambda _reason: None).say_description(german)
    assert [c.kwargs["language"] for c in speaker.say.mock_calls] == ["de"] * 3


@pytest.mark.parametrize(
    ("level", "texts"), [("all", ["answer", "focus"]), ("results", ["answer"]), ("off", [])]
)
def test_the_level_limits_what_is_said(level: str, texts: list[str]) -> None:
    speaker = Mock()
    announcer = Announcer(Mock(), speaker, lambda _reason: None)
    announcer.level = level
    announcer.answer("answer")
    announcer.say_focus("focus")
    assert [c.args[0] for c in speaker.say.mock_calls] == texts


def test_the_focus_is_said_after_the_answer_to_the_same_key() -> None:
    speaker = Mock()
    announcer = Announcer(Mock(), speaker, lambda _reason: None)
    announcer.say_focus("a button")
    announcer.answer("Cancelled.")
    announcer.say_focus("another button")
    interrupts = [c.kwargs.get("interrupt", True) for c in speaker.say.mock_calls]
    assert interrupts == [True, True, False]


def test_a_result_waits_for_the_end_of_working() -> None:
    speaker = Mock()
    speaker.say.return_value.wait.return_value = False  # it is still being said
    announcer = Announcer(Mock(), speaker, lambda _reason: None)
    announcer.announce("Working")
    announcer.notify("Saved.")
    announcer.announce("Working")
    announcer.key_pressed(repeated=False)
    announcer.answer("Cancelled.")
    interrupts = [c.kwargs["interrupt"] for c in speaker.say.call_args_list]
    assert interrupts == [True, False, False, True]


class FakeTimers:
    """Tk's `after`, by hand."""

    def __init__(self) -> None:
        self.functions: list[Any] = []

    def after(self, _ms: int, function: Any) -> str:
        self.functions.append(function)
        return ""

    def after_cancel(self, _timer: str) -> None:
        pass

    def run(self) -> None:
        functions, self.functions = self.functions, []
        for function in functions:
            function()


def test_a_key_that_is_held_down_leaves_what_is_said_and_says_the_newest() -> None:
    timers, speaker = FakeTimers(), Mock(speaking=False)
    announcer = Announcer(timers, speaker, lambda _reason: None)  # type: ignore[arg-type]
    announcer.key_pressed(repeated=False)
    announcer.say_focus("a")
    speaker.speaking = True
    for letter in "bcd":
        announcer.key_pressed(repeated=True)
        announcer.say_focus(letter)
        timers.run()
    assert [c.args[0] for c in speaker.say.mock_calls] == ["a"]
    assert speaker.stop.call_count == 1
    speaker.speaking = False
    timers.run()
    assert [c.args[0] for c in speaker.say.mock_calls] == ["a", "d"]


def test_the_newest_does_not_wait_for_the_end_of_a_long_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    timers, speaker = FakeTimers(), Mock(speaking=True)
    announcer = Announcer(timers, speaker, lambda _reason: None)  # type: ignore[arg-type]
    announcer.key_pressed(repeated=True)
    announcer.say_focus("the next line")
    monkeypatch.setattr("image_describer.app.voice.announcer.HELD_WAIT_S", 0.0)
    timers.run()
    assert speaker.say.mock_calls[-1].args == ("the next line",)
    assert speaker.say.mock_calls[-1].kwargs["interrupt"]


@pytest.mark.gui
def test_a_slow_online_voice_ticks(drive: Callable[..., AppDriver], photo: str) -> None:
    driver = drive()
    driver.describe(photo)
    assert driver.heard.earcons == []
    driver.heard.fetching = True
    driver.press("F5")
    driver.until(lambda: len(driver.heard.earcons) == 2, "two ticks")
    driver.heard.fetching = False
    driver.until(lambda: not driver.root.tk.call("after", "info"), "the end of all timers")
    assert driver.heard.earcons == ["tick", "tick"]


def test_answers_to_a_key_that_is_held_down_do_not_interrupt_each_other() -> None:
    """As while exploring: the newest part is said once the one before has been heard."""
    speaker, root = Mock(), Mock()
    announcer = Announcer(root, speaker, lambda _reason: None)
    speaker.speaking = True
    announcer.key_pressed(repeated=True)
    for text in ("Top left.", "Top.", "Top right."):
        announcer.answer(text)
    announcer.say_next("Probably: a dog.")
    say_waiting = root.after.call_args.args[1]
    say_waiting()
    assert speaker.say.mock_calls == []
    speaker.speaking = False
    say_waiting()
    assert [c.args[0] for c in speaker.say.mock_calls] == ["Top right.", "Probably: a dog."]
    announcer.key_pressed(repeated=False)
    speaker.speaking = True
    announcer.answer("Top.")
    assert speaker.say.call_args.args[0] == "Top."
