"""The window's mouth: what is said before the voice is there, and after it is gone."""

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from image_describer.app.voice.talk import Talk
from image_describer.speech import Speaker
from image_describer.speech.voices.silent import SilentVoice

LIMIT_S = 60.0


class Built:
    """Makes a Speaker with the silent voice, once it is let."""

    def __init__(self) -> None:
        self.let = threading.Event()
        self.said: list[tuple[str, str, bool]] = []
        self.speaker = Speaker([SilentVoice()])

    def __call__(self) -> Speaker:
        assert self.let.wait(LIMIT_S)
        say = self.speaker.say

        def noted(
            text: str, *, kind: str = "description", interrupt: bool = True, again: bool = False
        ) -> object:
            self.said.append((text, kind, interrupt))
            return say(text, kind=kind, interrupt=interrupt, again=again)  # type: ignore[arg-type]

        self.speaker.say = noted  # type: ignore[method-assign,assignment]
        return self.speaker


@pytest.fixture
def built() -> Iterator[Built]:
    one = Built()
    yield one
    one.let.set()
    one.speaker.close()


def until(what: Callable[[], bool]) -> None:
    limit = time.monotonic() + LIMIT_S
    while not what():
        assert time.monotonic() < limit
        time.sleep(0.005)


def test_what_is_said_early_is_spoken_once_there_is_a_voice(built: Built) -> None:
    talk = Talk(built)
    began = time.monotonic()
    talk.say("dropped", interrupt=False)
    talk.say("first")
    talk.say("second", kind="description", interrupt=False)
    assert time.monotonic() - began < 1.0
    assert talk.speaking
    built.let.set()
    until(lambda: len(built.said) == 2)
    assert built.said == [("first", "phrase", True), ("second", "description", False)]
    talk.close()


def test_stop_before_there_is_a_voice(built: Built) -> None:
    talk = Talk(built)
    talk.say("never heard")
    talk.stop()
    assert not talk.speaking
    built.let.set()
    talk.say("heard")
    until(lambda: bool(built.said))
    assert [text for text, _kind, _interrupt in built.said] == ["heard"]
    talk.close()


def test_a_voice_that_comes_after_the_end_is_closed(built: Built) -> None:
    talk = Talk(built)
    talk.close()
    built.let.set()
    until(lambda: built.speaker.say("too late").error is not None)
    talk.say("nothing happens")
    assert not talk.speaking


def test_without_a_voice_nothing_is_said_and_nothing_fails() -> None:
    talk = Talk(None)
    talk.say("hush")
    talk.stop()
    assert not talk.speaking
    assert talk.trouble == ""
    talk.finish(0.1)
    talk.close()


def test_a_voice_that_can_not_be_made_leaves_the_app_silent() -> None:
    def broken() -> Speaker:
        raise OSError("no sound library")

    talk = Talk(broken)
    talk.say("one")
    until(lambda: not talk.speaking)
    talk.say("two")
    assert not talk.speaking
    talk.close()


def test_finish_waits_for_what_is_being_said(built: Built) -> None:
    built.let.set()
    talk = Talk(built)
    talk.say("one two three")
    talk.finish(LIMIT_S)
    assert not talk.speaking
    talk.close()
