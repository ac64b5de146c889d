"""What ``search`` and ``similar`` share: opening the index, and printing what was found."""

import argparse
import contextlib
import json
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from image_describer.cli.console import complain, without_chatter
from image_describer.errors import BundleError
from image_describer.library.index import Index, LibraryError, model_of
from image_describer.text import encodable, visible
from image_describer.wording import sentence

if TYPE_CHECKING:
    from image_describer.captioner.describer import Describer
    from image_describer.library.search import Found

SHOWN_CHARACTERS = 80
WAY_IN = "Describe some first: image-describer batch FOLDER."


@contextlib.contextmanager
def opened(options: argparse.Namespace) -> "Iterator[tuple[Index, Describer]]":
    """The index and the model, once it is known that there is something to search in.

    Raises LibraryError, for an empty index or a folder that is not there, too, and BundleError.
    """
    for folder in options.within or ():
        if not os.path.isdir(folder):
            name = visible(str(folder))
            raise LibraryError(f'There is no folder "{name}".', "Check how its name is written.")
    with Index.open() as empty:
        if empty.trouble:
            complain(empty.trouble)
        if not len(empty):
            raise LibraryError("No picture of yours has been described yet.", WAY_IN)
        if options.within and not len(empty.within(options.within)):
            raise LibraryError("No picture in that folder has been described yet.", WAY_IN)
    from image_describer.captioner.describer import Describer

    with without_chatter():
        describer = Describer(bundle=options.bundle)
        with contextlib.suppress(BundleError):  # without a joint space, words alone are searched
            _ = describer.joint
    with Index.open(model=model_of(describer)) as index:
        yield index, describer


def tell_stale(index: Index) -> None:
    """Say on stderr how many pictures another model has described."""
    count = index.stale()
    if count:
        some = "1 picture was" if count == 1 else f"{count:,} pictures were"
        complain(
            f"{some} described by another model, and may be missed. To describe them anew: "
            "image-describer batch FOLDER."
        )


def tell(one: "Found", as_json: bool, scored: bool = False) -> None:
    """Print a picture that was found."""
    if as_json:
        print(json.dumps({**({"is": "picture"} if scored else {}), **record(one)}))
        return
    score = f"{one.score:6.3f}  " if scored else ""
    changed = " (The file was changed since.)" if one.is_changed else ""
    print(f"{score}{sentence.sentence(one.entry.description)}{changed}")
    print(f"{' ' * len(score)}    {visible(one.file)}")


def tell_caption(caption: str, score: float, as_json: bool) -> None:
    """Print a caption that fits."""
    if as_json:
        print(json.dumps({"is": "caption", "caption": caption, "score": round(score, 4)}))
    else:
        print(f"{score:6.3f}  {visible(caption)}")


def record(one: "Found") -> dict[str, object]:
    """The object that ``--json`` prints for a picture."""
    described = sentence.as_record(one.entry.description)
    kept = ("caption", "sentence", "confidence")
    return {
        "file": encodable(one.file),
        **{name: described[name] for name in kept},
        "author": one.entry.author,
        "score": round(one.score, 4),
        "meaning": None if one.meaning is None else round(one.meaning, 4),
        "words": one.by_words,
        "weak": one.is_weak,
        "changed": one.is_changed,
    }
