"""What commands print on stdout: one line or one JSON object per result."""

import json
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from image_describer.i18n import _
from image_describer.text import visible

if TYPE_CHECKING:
    from image_describer.library.search import SearchHit


def print_json(record: Mapping[str, Any]) -> None:
    """Print ``record`` on one line, in ASCII where stdout can't encode more, so it stays JSON."""
    encoding = (getattr(sys.stdout, "encoding", None) or "ascii").lower().replace("-", "")
    print(json.dumps(record, ensure_ascii=encoding != "utf8", allow_nan=False), flush=True)


def print_scored(text: str, score: float, record: Mapping[str, Any] | None) -> None:
    """Print a text after its score, or ``record`` instead when there is one."""
    if record is not None:
        print_json(record)
    else:
        print(f"{score:6.3f}  {visible(text)}")


def print_found(found: "SearchHit", *, as_json: bool, with_score: bool = False) -> None:
    """Print a picture that was found: its description, and its path on the next line."""
    from image_describer.library.search_record import search_record
    from image_describer.wording.sentence import sentence

    if as_json:
        print_json({**({"is": "picture"} if with_score else {}), **search_record(found)})
        return
    score = f"{found.score:6.3f}  " if with_score else ""
    said = sentence(found.picture.description)
    if found.is_changed:
        said = _("{description} (The file has changed since then.)").format(description=said)
    print(f"{score}{said}")
    print(f"{' ' * len(score)}    {visible(found.file)}")
