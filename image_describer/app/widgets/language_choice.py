"""Choosing one of some seventy languages: by the arrow keys, or by the first letters."""

import tkinter as tk
from collections.abc import Callable, Sequence
from typing import Any

from image_describer.app.tasks.jobs import Jobs
from image_describer.app.voice import self_voicing
from image_describer.app.widgets.basic import Choice, typed_letter
from image_describer.app.widgets.typeahead import TypeAhead
from image_describer.speech import languages
from image_describer.text import fold

PAGE = 10  # languages that Page Up and Page Down go by


class LanguageChoice(Choice):
    """Has English and the present language at once, the others as soon as gTTS has been loaded."""

    def __init__(
        self, master: tk.Misc, key: str, command: Callable[[Any], Any], jobs: Jobs, *, name: str
    ) -> None:
        english = [(entry.key, entry.label) for entry in languages.ENGLISH]
        super().__init__(
            master, with_key(english, key), as_listed(english, key), command, name=name
        )
        self._ahead = TypeAhead()
        self.bind("<KeyPress>", self._type_ahead, add="+")
        self.bind("<Prior>", lambda _event: self._page(-PAGE))
        self.bind("<Next>", lambda _event: self._page(PAGE))
        jobs.start(lambda _job: languages.choices(), self._offer, self._failed)

    def set(self, value: Any) -> None:
        """Choose the language with this key, however its letters are cased."""
        super().set(as_listed(self._values, value))

    def _offer(self, choices: list[tuple[str, str]]) -> None:
        if self.winfo_exists():
            key = self.value
            self._values = with_key(choices, key)
            self.set(key)

    def _failed(self, error: Exception) -> None:
        raise error  # Jobs logs it; English can still be chosen

    def _page(self, step: int) -> str:
        return self._go(max(0, min(len(self._values) - 1, self._index + step)))

    def _type_ahead(self, event: "tk.Event[tk.Misc]") -> str | None:
        letter = typed_letter(event)
        if not letter:
            return None
        names = [fold(label) for _key, label in self._values]
        found = self._ahead.typed(letter, names, self._index)
        if found is not None:
            return self._go(found)
        self_voicing.changed(self)
        return "break"


def as_listed(choices: Sequence[tuple[str, str]], key: str) -> str:
    """``key`` as it is written in ``choices``; what is not among them as it is."""
    for listed, _label in choices:
        if listed.casefold() == key.casefold():
            return listed
    return key


def with_key(choices: Sequence[tuple[str, str]], key: str) -> list[tuple[str, str]]:
    """``choices``, and ``key`` before them if it is not among them: it must not get lost."""
    known = as_listed(choices, key) in [listed for listed, _label in choices]
    return [*choices] if known else [(key, key), *choices]
