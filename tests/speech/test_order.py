"""What cuts what: a key cuts everything, a result waits for an error, nothing is said twice."""

import time

import pytest

from image_describer.speech import Speaker
from image_describer.speech.utterance import TWICE_S, Utterance
from image_describer.speech.voices.silent import SilentVoice
from tests.support.screen import wait_for

SOON_S = 60.0


@pytest.fixture
def voice() -> SilentVoice:
    return SilentVoice(seconds=60, name="espeak")


@pytest.fixture
def speaker(voice: SilentVoice):
    with Speaker([voice]) as made:
        yield made


def spoken(voice: SilentVoice) -> list[str]:
    return [text for text, _ in voice.spoken]


def until_begun(voice: SilentVoice, count: int) -> None:
    limit = time.monotonic() + SOON_S
    while len(voice.spoken) < count:
        assert time.monotonic() < limit, spoken(voice)
        time.sleep(0.001)


def older(utterance: Utterance) -> None:
    """As if it had been asked for a while ago."""
    utterance.asked -= 2 * TWICE_S


def test_a_description_waits_for_an_error_and_drops_what_is_none(speaker, voice) -> None:
    error = speaker.say("That file is no picture.", kind="error")
    until_begun(voice, 1)
    phrase = speaker.say("Opening.", kind="phrase", interrupt=False)
    second = speaker.say("The disk is full.", kind="error", interrupt=False)
    description = speaker.say("a brown dog")
    assert phrase.wait(SOON_S)
    assert phrase.interrupted
    assert not any(said.interrupted for said in (error, second, description))
    ended = None
    for _ in range(2):  # the sound comes to its end
        playing = wait_for(
            lambda old=ended: speaker._playback is not old and speaker._playback, SOON_S, "a sound"
        )
        playing.stop()
        ended = playing
    until_begun(voice, 3)
    assert spoken(voice) == ["That file is no picture.", "The disk is full.", "a brown dog"]


def test_a_description_still_cuts_a_description_and_a_phrase(speaker, voice) -> None:
    for kind in ("description", "phrase"):
        before = speaker.say(f"an old {kind}", kind=kind)
        until_begun(voice, len(voice.spoken))
        speaker.say(f"after the {kind}")
        assert before.wait(SOON_S)
        assert before.interrupted


def test_a_key_cuts_everything(speaker, voice) -> None:
    said = [speaker.say("first error", kind="error")]
    until_begun(voice, 1)
    said.append(speaker.say("second error", kind="error"))
    said.append(speaker.say("a brown dog"))
    speaker.say("Repeat, button", kind="phrase")
    assert all(utterance.wait(SOON_S) and utterance.interrupted for utterance in said)
    until_begun(voice, 2)
    assert spoken(voice) == ["first error", "Repeat, button"]


def test_an_error_cuts_a_description_and_is_never_sent_to_google(speaker, voice) -> None:
    online = SilentVoice(seconds=60, name="gtts")
    online.online = True
    speaker._voices["gtts"] = online
    description = speaker.say("a brown dog")
    until_begun(online, 1)
    speaker.say("The disk is full.", kind="error")
    assert description.wait(SOON_S)
    until_begun(voice, 1)
    assert (spoken(online), spoken(voice)) == (["a brown dog"], ["The disk is full."])


def test_the_same_error_caused_again_begins_anew(speaker, voice) -> None:
    first = speaker.say("No picture.", kind="error")
    until_begun(voice, 1)
    older(first)
    speaker.say("No picture.", kind="error")
    assert first.wait(SOON_S)
    until_begun(voice, 2)


def test_nothing_is_said_twice_at_once(speaker, voice) -> None:
    first = speaker.say("Ready.", kind="phrase")
    assert speaker.say("Ready.", kind="phrase") is first
    until_begun(voice, 1)
    assert speaker.say("Ready.", kind="phrase") is first
    time.sleep(0.05)
    assert spoken(voice) == ["Ready."]
    assert not first.interrupted


def test_a_twin_that_waits_comes_forward(speaker, voice) -> None:
    speaker.say("a long description")
    until_begun(voice, 1)
    between = speaker.say("between", kind="phrase", interrupt=False)
    waiting = speaker.say("Ready.", kind="phrase", interrupt=False)
    assert speaker.say("Ready.", kind="phrase") is waiting
    assert between.wait(SOON_S)
    until_begun(voice, 2)
    assert spoken(voice) == ["a long description", "Ready."]


def test_said_again_on_purpose_it_begins_anew(speaker, voice) -> None:
    first = speaker.say("a brown dog")
    until_begun(voice, 1)
    older(first)
    second = speaker.say("a brown dog")
    assert second is not first
    until_begun(voice, 2)
    assert first.interrupted


def test_another_kind_and_a_letter_typed_twice_are_no_twins(speaker, voice) -> None:
    first = speaker.say("l", kind="phrase")
    assert speaker.say("l", kind="description") is not first
    letter = speaker.say("l", kind="phrase")
    assert speaker.say("l", kind="phrase", again=True) is not letter


def test_what_was_stopped_is_no_twin(speaker, voice) -> None:
    first = speaker.say("Ready.", kind="phrase")
    until_begun(voice, 1)
    speaker.stop()
    assert speaker.say("Ready.", kind="phrase") is not first
    until_begun(voice, 2)
