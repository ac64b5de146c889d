"""Descriptions as JSON objects: printed by ``--json``, sent by the service, and stored."""

import math
import re
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from image_describer.captioner.description import (
    Alternative,
    Description,
    DoubtfulWord,
    Seconds,
    Word,
)
from image_describer.imaging.notes import EARLIER_NOT_A_PHOTOGRAPH, NOT_A_PHOTOGRAPH
from image_describer.imaging.region import Region
from image_describer.reading.text import Code, PictureText, ReadWord, TextLine
from image_describer.text import encodable, one_line, visible
from image_describer.wording.sentence import sentence

_LANGUAGE = re.compile(r"[a-z]{2,3}")


def to_record(description: Description, *, for_storage: bool = False) -> dict[str, Any]:
    """Return a JSON object: only str, int, finite float, None, list and dict.

    Confidence and regions have three decimal places, seconds four. ``for_storage`` makes a record
    for `from_record`: with the probabilities of the words, with the path even if it is not
    Unicode, with the page, with all that is known of the text in the picture, and without the
    sentence. The embedding is never included.
    """
    seconds, file, doubt = description.seconds, description.file, description.doubt
    text = None if description.text is None else text_record(description.text)
    words: list[dict[str, Any]] = [
        {"word": one_line(word.word), "region": [_rounded(edge) for edge in word.region]}
        for word in description.words
    ]
    record: dict[str, Any] = {
        "file": None if file is None else encodable(file),
        "language": description.language,
        "caption": one_line(description.caption),
        "sentence": sentence(description),
        "confidence": _rounded(description.confidence),
        "alternatives": [
            {"caption": one_line(other.caption), "confidence": _rounded(other.confidence)}
            for other in description.alternatives
        ],
        "doubt": None
        if doubt is None
        else {
            "position": int(doubt.position),
            "word": one_line(doubt.word),
            "other": one_line(doubt.other),
        },
        "words": words,
        "notes": [one_line(note) for note in description.notes],
        "alt_text": one_line(description.alt_text or "") or None,
        "text": None if text is None else text["text"],
        "codes": [] if text is None else text["codes"],
        "is_page": description.is_page,
        "has_scene": description.has_scene,
        "seconds": {
            "read": _rounded(seconds.read, 4, math.inf),
            "extract": _rounded(seconds.extract, 4, math.inf),
            "decode": _rounded(seconds.decode, 4, math.inf),
            "read_text": _rounded(seconds.read_text, 4, math.inf),
        },
        "width": int(description.width),
        "height": int(description.height),
    }
    if for_storage:
        record["file"], record["page"] = file, description.page
        del record["sentence"], record["codes"], record["is_page"], record["has_scene"]
        record["text"] = None if description.text is None else _stored_text(description.text)
        for item, word in zip(words, description.words, strict=True):
            item["probability"] = _rounded(word.probability, 4)
    return record


def text_record(text: PictureText) -> dict[str, Any]:
    """Return a JSON object of what is written in a picture, with boxes in fractions of it."""
    lines = tuple(replace(line, text=one_line(line.text)) for line in text.lines)
    return {
        "text": replace(text, lines=lines).text,
        "lines": [
            {
                "text": line.text,
                "box": [_rounded(edge) for edge in line.box],
                "confidence": _rounded(line.confidence),
                "block": int(line.block),
                "heading": bool(line.heading),
            }
            for line in lines
        ],
        "codes": [
            {
                "format": code.format,
                "content": encodable(code.content),
                "box": [_rounded(edge) for edge in code.box],
            }
            for code in text.codes
        ],
    }


def _stored_text(text: PictureText) -> dict[str, Any]:
    """Return `text_record` for storage: with the confidence of each word, but not its box."""
    record = text_record(text)
    del record["text"]
    for item, line in zip(record["lines"], text.lines, strict=True):
        words = [word.text for word in line.words]
        known = words == item["text"].split(" ")
        item["words"] = [_rounded(word.confidence) for word in line.words] if known else []
    return {
        **record,
        "is_page": bool(text.is_page),
        "unknown_script": bool(text.unknown_script),
        "quarters": int(text.quarters),
    }


def from_record(record: dict[str, Any]) -> Description:
    """Return the description in a stored record. Raises ValueError if it is not complete."""
    seconds = _object(record.get("seconds"))
    # Missing in records of earlier versions, as is the language.
    doubt, text, page = record.get("doubt"), record.get("text"), record.get("page")
    file = record.get("file")
    if file is not None and not _is_path(file):
        raise ValueError("the file is not an absolute path")
    confidence = _fraction(record.get("confidence"))
    return Description(
        caption=_string(record, "caption"),
        confidence=confidence,
        alternatives=tuple(
            # In records of earlier versions, some are surer than the caption.
            Alternative(
                _string(item, "caption"), min(confidence, _fraction(item.get("confidence")))
            )
            for item in map(_object, _list(record, "alternatives"))
        ),
        words=tuple(
            Word(_string(item, "word"), _fraction(item.get("probability")), _region(item))
            for item in map(_object, _list(record, "words"))
        ),
        notes=tuple(_note(note) for note in _list(record, "notes")),
        seconds=Seconds(
            read=_number(seconds.get("read")),
            extract=_number(seconds.get("extract")),
            decode=_number(seconds.get("decode")),
            read_text=_number(seconds.get("read_text", 0.0)),
        ),
        file=file,
        width=_whole_number(record.get("width")),
        height=_whole_number(record.get("height")),
        alt_text=_string(record, "alt_text") if record.get("alt_text") is not None else None,
        doubt=_doubt(_object(doubt)) if doubt is not None else None,
        page=_whole_number(page) if page is not None else None,
        text=_picture_text(_object(text)) if text is not None else None,
        language=_language(record.get("language", "en")),
    )


def _picture_text(record: dict[str, Any]) -> PictureText:
    return PictureText(
        lines=tuple(_text_line(item) for item in map(_object, _list(record, "lines"))),
        codes=tuple(
            Code(_string(item, "format"), _unchanged(item.get("content")), _region(item, "box"))
            for item in map(_object, _list(record, "codes"))
        ),
        is_page=_flag(record, "is_page"),
        unknown_script=_flag(record, "unknown_script"),
        quarters=_whole_number(record.get("quarters")) % 4,
    )


def _text_line(record: dict[str, Any]) -> TextLine:
    """Return a line, whose words have the box of the line."""
    text, box = _string(record, "text"), _region(record, "box")
    confidences = [_fraction(confidence) for confidence in _list(record, "words")]
    words = text.split(" ") if confidences else []
    if len(words) != len(confidences):
        raise ValueError("words and their confidences don't match")
    return TextLine(
        text=text,
        box=box,
        confidence=_fraction(record.get("confidence")),
        words=tuple(
            ReadWord(word, box, confidence)
            for word, confidence in zip(words, confidences, strict=True)
        ),
        block=_whole_number(record.get("block")),
        heading=_flag(record, "heading"),
    )


def _doubt(record: dict[str, Any]) -> DoubtfulWord:
    position = _whole_number(record.get("position"))
    return DoubtfulWord(position, _string(record, "word"), _string(record, "other"))


def _object(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError("it is not an object")
    return value


def _list(record: dict[str, Any], name: str) -> list[Any]:
    value = record.get(name)
    if not isinstance(value, list):
        raise ValueError(f"{name} is not a list")
    return value


def _string(record: dict[str, Any], name: str) -> str:
    return _line(record.get(name))


def _language(value: object) -> str:
    if not isinstance(value, str) or not _LANGUAGE.fullmatch(value):
        raise ValueError("it is not a code of a language")
    return value


def _note(value: object) -> str:
    note = _line(value)
    return NOT_A_PHOTOGRAPH if note == EARLIER_NOT_A_PHOTOGRAPH else note


def _line(value: object) -> str:
    return visible(_unchanged(value))


def _unchanged(value: object) -> str:
    """What a code holds may have line breaks."""
    if not isinstance(value, str):
        raise ValueError("it is not a string")
    return value


def _flag(record: dict[str, Any], name: str) -> bool:
    value = record.get(name)
    if not isinstance(value, bool):
        raise ValueError(f"{name} is not true or false")
    return value


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("it is not a number")
    if not 0.0 <= value < math.inf:
        raise ValueError("it is out of range")
    try:
        return float(value)
    except OverflowError as error:
        raise ValueError("it is out of range") from error


def _fraction(value: object) -> float:
    number = _number(value)
    if number > 1.0:
        raise ValueError("it is not a fraction")
    return number


def _whole_number(value: object) -> int:
    number = _number(value)
    if number != int(number):
        raise ValueError("it is not a whole number")
    return int(number)


def _region(record: dict[str, Any], name: str = "region") -> Region:
    edges = [_fraction(edge) for edge in _list(record, name)]
    if len(edges) != 4:
        raise ValueError("it is not a region")
    return cast(Region, tuple(edges))


def _is_path(value: object) -> bool:
    return isinstance(value, str) and "\0" not in value and Path(value).is_absolute()


def _rounded(value: float, digits: int = 3, limit: float = 1.0) -> float:
    value = float(value)
    return round(min(max(value, 0.0), limit), digits) if math.isfinite(value) else 0.0
