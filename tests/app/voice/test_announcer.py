"""What the announcer hands to the speaker, and what may go to an online voice."""

from collections.abc import Callable
from dataclasses import replace
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
        call("Its author says: a dog named Rex.", kind=kind, private=True),
        call(OWN, kind="description", private=False, interrupt=False, language=""),
    ]


@pytest.mark.parametrize("prefix", ["Its author says: ", "Sein Autor sagt: ", ""])
def test_no_wording_sends_the_authors_words_online(
    monkeypatch: pytest.MonkeyPatch, prefix: str
) -> None:
    monkeypatch.setattr("image_describer.wording.sentence.AUTHOR_PREFIX", prefix)
    speaker = Mock()
    Announcer(Mock(), speaker, lambda _reason: None).say_description(spoken(REX))
    assert texts_for_online_voices(speaker) == [OWN]


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
    assert speaker.say.mock_calls == [call(OWN, kind="description", private=False)]


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
