"""What interrupts what, and the ticks of a slow voice."""

from collections.abc import Callable

import pytest

from image_describer.wording.sentence import SpokenDescription
from tests.support.window import AppDriver

pytestmark = pytest.mark.gui

Drive = Callable[..., AppDriver]


def test_a_slow_online_voice_ticks(drive: Drive, photo: str) -> None:
    driven = drive()
    driven.describe(photo)
    assert driven.heard.earcons == []
    driven.heard.fetching = True
    driven.press("F5")
    driven.until(lambda: len(driven.heard.earcons) == 2, "two ticks")
    driven.heard.fetching = False
    driven.until(lambda: not driven.root.tk.call("after", "info"), "the end of all timers")
    assert driven.heard.earcons == ["tick", "tick"]


def test_authors_words_are_private_and_come_first(drive: Drive) -> None:
    driven = drive()
    calls: list[tuple[str, str, bool]] = []

    def say(text: str, *, kind: str, private: bool = False, **_: bool) -> None:
        calls.append((text, kind, private))

    driven.heard.say = say  # type: ignore[method-assign,assignment]
    spoken = SpokenDescription("Its author says: Anna.", "Probably: a dog.")
    driven.context.voice.say_description(spoken)
    driven.context.voice.say_description(spoken, asked=True)
    assert calls == [
        ("Its author says: Anna.", "notice", True),
        ("Probably: a dog.", "description", False),
        ("Its author says: Anna.", "phrase", True),
        ("Probably: a dog.", "description", False),
    ]


@pytest.mark.parametrize(
    ("level", "texts"), [("all", ["answer", "focus"]), ("results", ["answer"]), ("off", [])]
)
def test_the_level_limits_what_is_said(drive: Drive, level: str, texts: list[str]) -> None:
    driven = drive()
    driven.heard.said.clear()
    driven.context.voice.level = level
    driven.context.voice.answer("answer")
    driven.context.voice.say_focus("focus")
    assert driven.heard.texts == texts
