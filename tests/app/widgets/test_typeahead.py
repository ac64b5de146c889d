"""Type-ahead: which name typed characters lead to, and which keys type characters."""

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from image_describer.app.widgets.typeahead import PAUSE_S, TypeAhead, typed_character
from image_describer.text import fold

NAMES = [fold(name) for name in ("Apple", "avocado", "Banana", "Élan", "elbow", "ab 1", "110")]
ANY_NAME = st.text(st.characters(exclude_characters="/\0"), min_size=1, max_size=40)


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def type_all(typeahead: TypeAhead, text: str, index: int, names: list[str] = NAMES) -> int | None:
    """Type ``text`` without a pause from ``index``; return the index it leads to."""
    found: int | None = index
    for char in text:
        found = typeahead.type(char, names, index)
        index = index if found is None else found
    return found


@pytest.mark.parametrize(
    ("text", "start", "expected"),
    [
        ("a", 0, 1),  # the next one, since the cursor is on a name with this letter
        ("a", 1, 5),
        ("a", 5, 0),  # wraps around
        ("ban", 0, 2),
        ("EL", 2, 3),  # ignores case and accents
        ("é", 4, 3),
        ("ab 1", 0, 5),
        ("110", 0, 6),
        ("q", 3, None),
    ],
)
def test_typed_characters_lead_to_a_name(text: str, start: int, expected: int | None) -> None:
    assert type_all(TypeAhead(Clock()), text, start) == expected


def test_a_pause_begins_a_new_prefix() -> None:
    clock = Clock()
    typeahead = TypeAhead(clock)
    assert type_all(typeahead, "el", 0) == 3
    clock.now += PAUSE_S + 0.1
    assert not typeahead.active
    assert type_all(typeahead, "b", 3) == 2


def test_a_repeated_character_is_a_prefix_where_a_name_begins_so() -> None:
    names = ["aardvark", "abbot", "adder"]
    typeahead = TypeAhead(Clock())
    assert type_all(typeahead, "a", 0, names) == 1
    assert typeahead.type("a", names, 1) == 0
    assert typeahead.type("a", names, 0) == 1


@given(st.lists(ANY_NAME, min_size=1, max_size=20), st.text(max_size=6), st.integers(0, 19))
def test_the_result_begins_with_what_was_typed(listed: list[str], text: str, index: int) -> None:
    names = [fold(name) for name in listed]
    typeahead, index = TypeAhead(Clock()), index % len(names)
    for char in text:
        found = typeahead.type(char, names, index)
        prefix = fold(typeahead.prefix)
        repeated = prefix and prefix == prefix[0] * len(prefix)
        start = prefix[:1] if repeated else prefix
        if found is None:
            assert not any(name.startswith(start) for name in names)
        else:
            assert names[found].startswith(start)
            index = found


@pytest.mark.parametrize(
    ("char", "state", "platform", "expected"),
    [
        ("a", 0x0, "linux", "a"),
        ("a", 0x8, "linux", ""),  # Alt
        ("\x01", 0x4, "linux", ""),  # Ctrl
        ("a", 0x8, "win32", "a"),  # NumLock
        ("a", 0x20000, "win32", ""),  # Alt
        ("@", 0x20004, "win32", "@"),  # AltGr
        ("a", 0x4, "win32", ""),
        ("a", 0x8, "darwin", ""),  # Command
        ("", 0x0, "linux", ""),  # an arrow key
    ],
)
def test_only_characters_without_shortcut_keys_are_typed(
    char: str, state: int, platform: str, expected: str
) -> None:
    event: Any = SimpleNamespace(char=char, state=state)
    assert typed_character(event, platform) == expected
