"""One entry of the history, and the line of JSON that stores it."""

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from image_describer.captioner.description import Description
from image_describer.text import visible
from image_describer.wording.details import spoken_with_details
from image_describer.wording.record import from_record, to_record
from image_describer.wording.sentence import SpokenDescription, spoken

YEARS = range(1971, 9999)  # in which every moment exists in every time zone, on all three systems


@dataclass(frozen=True)
class HistoryEntry:
    """A description as it was spoken.

    ``key`` is unique. ``time`` has a time zone. ``file`` is absolute, or None for a picture from
    the clipboard; ``name`` is what the window called it.
    """

    key: str
    time: datetime
    name: str
    spoken: SpokenDescription
    description: Description

    @property
    def file(self) -> str | None:
        return self.description.file

    @property
    def caption(self) -> str:
        return self.description.caption

    def to_line(self) -> bytes:
        """Return the entry as a line of ASCII without its end; see `to_record` for the rounding."""
        record = {
            "key": self.key,
            "time": self.time.isoformat(timespec="seconds"),
            "name": visible(self.name),
            **to_record(self.description, for_storage=True),
            "spoken": {part: visible(text) for part, text in asdict(self.spoken).items()},
        }
        # ASCII, because escapes preserve even file names that are not Unicode.
        return json.dumps(record, ensure_ascii=True, allow_nan=False).encode("ascii")

    @classmethod
    def from_line(cls, line: bytes) -> "HistoryEntry":
        """Parse a line. Raises ValueError if it is not an entry."""
        try:
            record = json.loads(line.decode("utf-8"), parse_constant=_refuse_constant)
        except RecursionError as error:
            raise ValueError("it is nested too deeply") from error
        if not isinstance(record, dict):
            raise ValueError("it is not an object")
        time = datetime.fromisoformat(_string(record.get("time")))
        if time.tzinfo is None or time.year not in YEARS:
            raise ValueError("its time is not valid")
        description = from_record(record)
        return cls(
            key=_string(record.get("key")),
            time=time,
            name=_string(record.get("name")),
            spoken=_spoken(record, description),
            description=description,
        )


def split_sentence(description: Description, sentence: str) -> SpokenDescription:
    """Split a sentence that an earlier version stored into the author's words and our own.

    It is only split if it is exactly what this version would say about ``description``, with any
    of the settings. Else all of it counts as the author's, because it may contain their words.
    """
    if not description.alt_text:
        return SpokenDescription("", sentence, language=description.language)
    for hedged in (True, False):
        candidates = [spoken(description, hedged=hedged, brief=brief) for brief in (False, True)]
        for candidate in (*candidates, spoken_with_details(description, hedged=hedged)):
            if candidate.text == sentence:
                return candidate
    return SpokenDescription(sentence, "")


def _spoken(record: dict[str, Any], description: Description) -> SpokenDescription:
    fields = record.get("spoken")
    if fields is None:
        return split_sentence(description, _string(record.get("sentence")))
    if not isinstance(fields, dict):
        raise ValueError("what was spoken is not an object")
    return SpokenDescription(
        _string(fields.get("author")),
        _string(fields.get("own")),
        _string(fields.get("written", "")),  # missing in lines of earlier versions
        description.language,
    )


def _string(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("it is not a string")
    return visible(value)


def _refuse_constant(constant: str) -> float:
    raise ValueError(f"{constant} is not JSON")
