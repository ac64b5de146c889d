"""What a describing process does for the service; each function runs in such a process."""

import functools
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from image_describer.errors import LibraryError, PictureError
from image_describer.i18n import _

if TYPE_CHECKING:
    from image_describer.captioner.describer import Describer
    from image_describer.library.index import Index
    from image_describer.workers.worker import OnStart


class DescribeJob(NamedTuple):
    """A picture's file and the code of the language to describe it in."""

    picture: bytes
    language: str


class MatchJob(NamedTuple):
    """A picture's file and the sentences to compare with it.

    ``language`` is that of the sentences; None for the one that they are in.
    """

    picture: bytes
    sentences: tuple[str, ...]
    language: str | None


class SearchJob(NamedTuple):
    """What to search the user's pictures for; see `image_describer.library.search.search`."""

    words: str
    folders: tuple[str, ...]
    limit: int
    language: str | None = None


class SpeechJob(NamedTuple):
    """A text, the format of its sound file, "wav" or "mp3", and the code of its language, or ""."""

    text: str
    format: str
    language: str = ""


def describe(
    describer: "Describer", jobs: Sequence[DescribeJob], on_start: "OnStart"
) -> list[dict[str, Any] | PictureError]:
    """Return the object of ``describe --json`` for each picture, or why there is none.

    Raises DescriptionLanguageError.
    """
    from image_describer.wording.record import to_record

    results: dict[int, dict[str, Any] | PictureError] = {}
    for language in dict.fromkeys(job.language for job in jobs):
        places = [place for place, job in enumerate(jobs) if job.language == language]
        pictures = [jobs[place].picture for place in places]
        started = functools.partial(_start, on_start, places)
        described = describer.describe_many(pictures, started, language=language)
        for place, result in zip(places, described, strict=True):
            results[place] = result if isinstance(result, PictureError) else to_record(result)
    return [results[place] for place in range(len(jobs))]


def _start(on_start: "OnStart", places: Sequence[int], index: int) -> None:
    """Tell which job begins: ``index`` is that of its place, or negative for all of them."""
    on_start(places[index] if index >= 0 else index)


def read(
    describer: "Describer", pictures: Sequence[bytes], _on_start: "OnStart"
) -> list[dict[str, Any]]:
    """Return what is written in each picture, as ``read --json`` prints it. Raises PictureError."""
    from image_describer.wording.record import text_record

    return [text_record(describer.read(picture)) for picture in pictures]


def match(
    describer: "Describer", jobs: Sequence[MatchJob], _on_start: "OnStart"
) -> list[list[float]]:
    """Return the scores of each job's sentences; see `Describer.matches`."""
    from image_describer.library.search import query_language

    scores = []
    for job in jobs:
        language = job.language or query_language(describer, " ".join(job.sentences))
        scores.append(list(describer.matches(job.picture, job.sentences, language=language)))
    return scores


def search(
    describer: "Describer", jobs: Sequence[SearchJob], _on_start: "OnStart"
) -> list[list[dict[str, object]]]:
    """Return what ``search --json`` prints for each job. Raises LibraryError."""
    from image_describer.library.search import search as search_index
    from image_describer.library.search_record import (
        DESCRIBE_FIRST,
        NOTHING_DESCRIBED,
        search_record,
    )

    index = _open_index(describer)
    if not len(index):
        raise LibraryError(_(NOTHING_DESCRIBED), _(DESCRIBE_FIRST))
    answers = []
    for job in jobs:
        folders = [Path(folder) for folder in job.folders] or None
        hits = search_index(index, describer, job.words, folders, job.limit, language=job.language)
        answers.append([search_record(hit) for hit in hits])
    return answers


def speak(_describer: "Describer", jobs: Sequence[SpeechJob], _on_start: "OnStart") -> list[bytes]:
    """Return the content of each sound file. Raises SpeechError."""
    from image_describer.server.speech import spoken_offline

    return [spoken_offline(job.text, job.format, job.language) for job in jobs]


@functools.lru_cache(maxsize=1)
def _open_index(describer: "Describer") -> "Index":
    """Return the index, which stays open: reading its embeddings takes longer than a search."""
    from image_describer.library.index import Index, model_id

    return Index.open(model=model_id(describer))
