"""What a search result looks like as JSON, for the command line and the service."""

from typing import TYPE_CHECKING

from image_describer.i18n import N_
from image_describer.text import encodable
from image_describer.wording.record import to_record

if TYPE_CHECKING:
    from image_describer.library.search import SearchHit

NOTHING_DESCRIBED = N_("None of your pictures has been described yet.")
DESCRIBE_FIRST = N_("Describe some first: image-describer batch FOLDER --output pictures.html")
DESCRIPTION_FIELDS = ("language", "caption", "sentence", "confidence")


def search_record(found: "SearchHit") -> dict[str, object]:
    """Return the JSON object for one picture that was found."""
    description = to_record(found.picture.description)
    return {
        "file": encodable(found.file),
        **{name: description[name] for name in DESCRIPTION_FIELDS},
        "author": found.picture.author,
        "score": round(found.score, 4),
        "meaning": None if found.similarity is None else round(found.similarity, 4),
        "words": found.matches_words,
        "weak": found.is_weak,
        "changed": found.is_changed,
    }
