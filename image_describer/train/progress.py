"""Progress on stderr: a bar in a terminal, now and then a line elsewhere."""

import logging
import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

from tqdm import tqdm

log = logging.getLogger(__name__)

T = TypeVar("T")

SHOW_AFTER_S = 1.0  # shorter work needs no progress
LINE_EVERY_S = 60.0


class Progress:
    """Counts ``total`` items, of which ``initial`` are done."""

    def __init__(self, label: str, total: int, unit: str, initial: int = 0) -> None:
        self._label, self._total, self._unit, self.count = label, total, unit, initial
        self._last_line = time.monotonic()
        self._bar = tqdm(
            desc=label, total=total, unit=f" {unit}", initial=initial, delay=SHOW_AFTER_S,
            disable=None, file=sys.stderr,
        )  # fmt: skip

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()

    def advance(self, count: int = 1, note: str = "") -> None:
        """``note`` is shown behind the count."""
        self.count += count
        self._bar.set_postfix_str(note, refresh=False)
        self._bar.update(count)
        if self._bar.disable and time.monotonic() - self._last_line > LINE_EVERY_S:
            self._last_line = time.monotonic()
            counted = f"{self._label}: {self.count:,} of {self._total:,} {self._unit}"
            log.info("%s", f"{counted}, {note}" if note else counted)


def progress(items: Iterable[T], label: str, unit: str, total: int | None = None) -> Iterator[T]:
    """Yield ``items`` and show how many are done."""
    total = len(items) if total is None else total  # type: ignore[arg-type]
    with Progress(label, total, unit) as shown:
        for item in items:
            yield item
            shown.advance()
