"""A choice of about seventy languages, with type-ahead."""

import tkinter as tk
from collections.abc import Callable, Sequence
from typing import Any

from image_describer.app.jobs import JobRunner
from image_describer.app.messages import log_error
from image_describer.app.voice import self_voicing
from image_describer.app.widgets.choice import Choice
from image_describer.app.widgets.typeahead import TypeAhead, typed_character
from image_describer.speech import languages
from image_describer.text import fold

PAGE = 10  # languages that Page Up and Page Down move by


class LanguageChoice(Choice):
    """Offers English and the present language at once, the others as soon as gTTS is loaded."""

    def __init__(
        self,
        master: tk.Misc,
        key: str,
        command: Callable[[Any], Any],
        jobs: JobRunner,
        *,
        name: str,
    ) -> None:
        english = [(entry.key, entry.name) for entry in languages.ENGLISH]
        super().__init__(
            master, with_key(english, key), as_listed(english, key), command, name=name
        )
        self._typeahead = TypeAhead()
        self.bind("<KeyPress>", self._on_key, add="+")
        self.bind("<Prior>", lambda _event: self._move(-PAGE))
        self.bind("<Next>", lambda _event: self._move(PAGE))
        # After an error, English and the present language can still be chosen.
        jobs.start(lambda _job: languages.choices(), self._offer, log_error)

    def set(self, value: Any) -> None:
        """Choose the language with this key, ignoring case."""
        super().set(as_listed(self._values, value))

    def _offer(self, choices: list[tuple[str, str]]) -> None:
        if self.winfo_exists():
            key = self.value
            self._values = with_key(choices, key)
            self.set(key)

    def _on_key(self, event: "tk.Event[tk.Misc]") -> str | None:
        char = typed_character(event)
        if not char:
            return None
        names = [fold(label) for _key, label in self._values]
        index = self._typeahead.type(char, names, self._index)
        if index is not None:
            return self._choose(index)
        self_voicing.value_changed(self)
        return "break"


def as_listed(choices: Sequence[tuple[str, str]], key: str) -> str:
    """Return ``key`` as it is written in ``choices``, or unchanged if it is not among them."""
    for listed, _label in choices:
        if listed.casefold() == key.casefold():
            return listed
    return key


def with_key(choices: Sequence[tuple[str, str]], key: str) -> list[tuple[str, str]]:
    """Return ``choices``, preceded by ``key`` if it is not among them, so that it stays chosen."""
    known = as_listed(choices, key) in [listed for listed, _label in choices]
    return [*choices] if known else [(key, key), *choices]
