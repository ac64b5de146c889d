"""The modifier bits of each platform; above all, NumLock on Windows is not Alt."""

import tkinter as tk
from types import SimpleNamespace
from typing import Any, cast

import pytest

from image_describer.app import modifier_keys
from image_describer.app.modifier_keys import alt_pressed, command_pressed, types_text, word_pressed

NUM_LOCK_ON_WINDOWS, ALT_ON_WINDOWS = 0x8, 0x20000
CONTROL = 0x4


@pytest.mark.parametrize(
    ("platform", "state", "alt"),
    [
        ("linux", 0x8, True),
        ("linux", 0x10, False),  # NumLock
        ("win32", ALT_ON_WINDOWS, True),
        ("win32", NUM_LOCK_ON_WINDOWS, False),
        ("darwin", 0x10, True),
        ("darwin", 0x8, False),  # Command
    ],
)
def test_alt(monkeypatch: pytest.MonkeyPatch, platform: str, state: int, alt: bool) -> None:
    assert alt_pressed(state, platform) is alt
    monkeypatch.setattr(modifier_keys.sys, "platform", platform)
    assert alt_pressed(state) is alt


def test_command_takes_the_place_of_control_on_a_mac() -> None:
    assert command_pressed(0x8, "darwin")
    assert not command_pressed(CONTROL, "darwin")
    assert command_pressed(CONTROL, "linux")


def test_option_moves_by_words_on_a_mac() -> None:
    assert word_pressed(0x10, "darwin")
    assert not word_pressed(CONTROL, "darwin")
    assert word_pressed(CONTROL, "linux")


@pytest.mark.parametrize(
    ("platform", "state", "types"),
    [
        ("linux", 0, True),
        ("linux", 0x80, True),  # AltGr
        ("linux", 0x8, False),
        ("linux", CONTROL, False),
        ("win32", NUM_LOCK_ON_WINDOWS, True),
        ("win32", CONTROL | ALT_ON_WINDOWS, True),  # AltGr
        ("win32", ALT_ON_WINDOWS, False),
        ("win32", CONTROL | NUM_LOCK_ON_WINDOWS, False),
        ("darwin", 0x10, True),  # Option
        ("darwin", 0x8, False),
    ],
)
def test_what_types_text(platform: str, state: int, types: bool) -> None:
    assert types_text(state, platform) is types


def test_an_event_whose_state_is_a_word_has_no_modifiers() -> None:
    event = cast("tk.Event[Any]", SimpleNamespace(state="VisibilityUnobscured"))
    assert modifier_keys.event_state(event) == 0
