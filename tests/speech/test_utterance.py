"""Which utterances an interruption drops, and which count as duplicates."""

import pytest

from image_describer.speech import Speaker, Utterance
from image_describer.speech.utterance import DUPLICATE_WINDOW_S
from image_describer.speech.voices.silent import SilentVoice
from tests.support.screen import wait_for

LIMIT_S = 60.0


@pytest.fixture
def voice() -> SilentVoice:
    return SilentVoice(seconds=60, name="espeak")


@pytest.fixture
def speaker(voice: SilentVoice):
    with Speaker([voice]) as speaker:
        yield speaker


def spoken(voice: SilentVoice) -> list[str]:
    return [text for text, _ in voice.spoken]


def wait_until_spoken(voice: SilentVoice, *texts: str) -> None:
    wait_for(lambda: spoken(voice)[-len(texts) :] == list(texts), LIMIT_S, str(texts))


def make_recent(utterance: Utterance) -> None:
    """Keep the request in the window for duplicates, however busy the machine is."""
    utterance.asked += LIMIT_S


def make_older(utterance: Utterance) -> None:
    """Move the request out of the window for duplicates."""
    utterance.asked -= 2 * DUPLICATE_WINDOW_S


def test_a_description_waits_for_errors_and_drops_phrases(speaker, voice) -> None:
    error = speaker.say("That file is not a picture.", kind="error")
    wait_until_spoken(voice, "That file is not a picture.")
    phrase = speaker.say("Opening.", kind="phrase", interrupt=False)
    second = speaker.say("The disk is full.", kind="error", interrupt=False)
    description = speaker.say("a brown dog")
    assert phrase.wait(LIMIT_S)
    assert phrase.interrupted
    assert not any(utterance.interrupted for utterance in (error, second, description))
    speaker._playback.stop()  # the sound comes to its end
    wait_until_spoken(voice, "The disk is full.")
    wait_for(lambda: speaker._playback, LIMIT_S, "the second error").stop()
    wait_until_spoken(voice, "The disk is full.", "a brown dog")


@pytest.mark.parametrize("kind", ["description", "phrase", "notice"])
def test_a_description_interrupts_everything_but_errors(speaker, voice, kind) -> None:
    before = speaker.say("before", kind=kind)
    wait_until_spoken(voice, "before")
    speaker.say("a brown dog")
    assert before.wait(LIMIT_S)
    assert before.interrupted


def test_a_phrase_interrupts_everything(speaker, voice) -> None:
    utterances = [speaker.say("first error", kind="error")]
    wait_until_spoken(voice, "first error")
    utterances.append(speaker.say("second error", kind="error"))
    utterances.append(speaker.say("a brown dog"))
    speaker.say("Repeat, button", kind="phrase")
    assert all(utterance.wait(LIMIT_S) and utterance.interrupted for utterance in utterances)
    wait_until_spoken(voice, "first error", "Repeat, button")


def test_a_repeated_error_starts_again(speaker, voice) -> None:
    first = speaker.say("Not a picture.", kind="error")
    wait_until_spoken(voice, "Not a picture.")
    make_older(first)
    speaker.say("Not a picture.", kind="error")
    assert first.wait(LIMIT_S)
    wait_until_spoken(voice, "Not a picture.", "Not a picture.")


def test_a_duplicate_is_spoken_once(speaker, voice) -> None:
    first = speaker.say("Ready.", kind="phrase")
    make_recent(first)
    assert speaker.say("Ready.", kind="phrase") is first
    wait_until_spoken(voice, "Ready.")
    assert speaker.say("Ready.", kind="phrase") is first
    assert not first.interrupted
    assert spoken(voice) == ["Ready."]


def test_a_queued_duplicate_moves_forward(speaker, voice) -> None:
    speaker.say("a long description")
    wait_until_spoken(voice, "a long description")
    between = speaker.say("between", kind="phrase", interrupt=False)
    queued = speaker.say("Ready.", kind="phrase", interrupt=False)
    make_recent(queued)
    assert speaker.say("Ready.", kind="phrase") is queued
    assert between.wait(LIMIT_S)
    wait_until_spoken(voice, "a long description", "Ready.")


def test_a_later_repetition_starts_again(speaker, voice) -> None:
    first = speaker.say("a brown dog")
    wait_until_spoken(voice, "a brown dog")
    make_older(first)
    assert speaker.say("a brown dog") is not first
    wait_until_spoken(voice, "a brown dog", "a brown dog")
    assert first.interrupted


def test_what_is_not_a_duplicate(speaker, voice) -> None:
    first = speaker.say("l", kind="phrase")
    assert speaker.say("l", kind="description") is not first
    letter = speaker.say("l", kind="phrase")
    assert speaker.say("l", kind="phrase", allow_duplicate=True) is not letter
    speaker.stop()
    assert speaker.say("l", kind="phrase") is not letter
