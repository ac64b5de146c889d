"""``--write-alt-text`` of a batch: its options, and each description put into its picture's file.

An alt text is read out by other programs as if its author had written it, without the hedge that
goes with a description here. So what is likely wrong is not written unless ``--unsure`` asks for
it, and for a drawing, a page of text or an empty picture nothing is, ever: of those a scene is
invented. Whoever hears nothing knows that nothing is known.
"""

import argparse
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from image_describer.imaging.notes import shows_photograph

if TYPE_CHECKING:
    from image_describer.captioner.description import Description
    from image_describer.library.record import Record

COPIES = "{} with alt text"  # the folder beside one's own that copies go to
LENGTH = 125  # characters that an alt text aims at: screen readers read more of them in pieces


class AltTextOutcome(Enum):
    """What became of a picture, in words that a list can be headed with."""

    WRITTEN = "written"
    SAME = "stood there already"
    AUTHOR = "left with another one, their authors' perhaps (--replace)"
    UNSURE = "given none: what I would say is likely wrong (--unsure)"
    NO_PHOTOGRAPH = "given none: no photograph, so what I would say is made up"
    NOT_DESCRIBED = "given none: not described"
    FAILED = "left as they were"


@dataclass(frozen=True)
class AltTextResult:
    """One picture's: ``kind``; ``sentence`` says why where it ``FAILED``, else it is empty.

    ``goal`` is where the alt text stands now, or None.
    """

    file: str
    kind: AltTextOutcome
    sentence: str = ""
    goal: Path | None = None

    @property
    def failed(self) -> bool:
        return self.kind is AltTextOutcome.FAILED


def check(options: argparse.Namespace, roots: Sequence[Path]) -> None:
    """Refuse, before any work, options that don't go together. Raises AltTextError."""
    import re

    from image_describer.errors import AltTextError

    if not options.write_alt_text:
        for name in ("copies", "in_place", "replace", "unsure"):
            if getattr(options, name):
                option = "--" + name.replace("_", "-")
                raise AltTextError(f"{option} needs --write-alt-text.")
        return
    if options.in_place and options.copies:
        raise AltTextError("--in-place makes no copies.", "Leave out --copies or --in-place.")
    if not re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*", options.language):
        raise AltTextError(f"{options.language!r} is no language.", "Say it as en or en-GB.")
    if options.copies is not None:
        copies = options.copies.resolve()
        if copies.exists() and not copies.is_dir():
            raise AltTextError(f'"{options.copies}" is no folder.')
        for root in roots:
            if copies.is_relative_to(root.resolve()):
                raise AltTextError(
                    "The copies would lie among the pictures, and be described the next time.",
                    "Choose a folder outside.",
                )


def alt_text_of(description: "Description") -> str:
    """A caption as alt text: a sentence with a capital and a full stop; "" for none.

    It is not cut: half a sentence helps nobody, and captions stay below ``LENGTH`` characters.
    """
    from image_describer.wording import sentence as wording

    bare = replace(description, notes=(), alt_text=None)
    text = wording.sentence(bare, hedged=False)
    return text if text != wording.NO_CAPTION else ""


def apply(record: "Record", options: argparse.Namespace, roots: Sequence[Path]) -> AltTextResult:
    """Put a record's description into its picture's file as ``options`` say; raises nothing that
    a picture or a disk causes. ``roots``: the folders of the batch, for the copies keep their tree.

    Done again, it changes nothing.
    """
    from image_describer.errors import AltTextError
    from image_describer.metadata import alt_text
    from image_describer.wording import sentence as wording

    description, file = record.description, Path(record.file)
    text = alt_text_of(description) if description is not None else ""
    if description is None or not text:
        return AltTextResult(record.file, AltTextOutcome.NOT_DESCRIBED)
    if options.replace or not description.alt_text:  # what has one already is not made worse
        if not shows_photograph(description.notes):
            return AltTextResult(record.file, AltTextOutcome.NO_PHOTOGRAPH)
        if not options.unsure and not description.confidence >= wording.MIDDLE:
            return AltTextResult(record.file, AltTextOutcome.UNSURE)
    goal = file if options.in_place else target_path(file, options.copies, roots)
    settings = {"language": options.language, "replace": options.replace, "key": record.key}
    try:
        if options.in_place:
            result, _backup = alt_text.write_in_place(file, text, **settings)
        else:
            result = alt_text.write(file, goal, text, **settings)
    except AltTextError as error:
        return AltTextResult(record.file, AltTextOutcome.FAILED, str(error))
    return AltTextResult(record.file, AltTextOutcome[result.name], goal=goal)


def target_path(file: Path, copies: Path | None, roots: Sequence[Path]) -> Path:
    """Where the copy of ``file`` goes: below ``copies``, or beside its folder, in the same tree.

    Of several ``roots`` each has a folder of its own name below ``copies``. A file given by itself
    is its own root.
    """
    fitting = [root for root in roots if file.is_relative_to(root)] or [file]
    root = max(fitting, key=lambda one: len(one.parts))
    folder = file.parent if root == file else root
    within = file.relative_to(folder)
    if copies is None:
        return folder.with_name(COPIES.format(folder.name or "Pictures")) / within
    if len(roots) < 2 or root == file:
        return copies / within
    same = [one for one in roots if one.name == root.name]
    number = same.index(root) + 1 if root in same else 1
    return copies / (f"{root.name}-{number}" if number > 1 else root.name) / within


class AltTextWriter:
    """A batch's alt texts: each record is taken when it is done, and all are summed up at the end.

    Raises AltTextError for options that don't go together; does nothing without --write-alt-text.
    """

    def __init__(self, options: argparse.Namespace, places: "Sequence[str | Path]") -> None:
        self.options = options
        self.roots = [Path(os.path.abspath(place)) for place in places]
        self.counts: Counter[AltTextOutcome] = Counter()
        self.troubles: list[str] = []
        check(options, self.roots)

    @property
    def failed(self) -> bool:
        return bool(self.troubles)

    def take(self, record: "Record") -> "Record | None":
        """Write the alt text of one picture; returns its record anew if that changed its file."""
        if self.options.write_alt_text:
            outcome = apply(record, self.options, self.roots)
            self.counts[outcome.kind] += 1
            if outcome.failed:
                self.troubles.append(outcome.sentence)
            if outcome.kind is AltTextOutcome.WRITTEN and self.options.in_place:
                return _with_new_key(record)
        return None

    def summary(self) -> list[str]:
        """What to tell when all is done: how many of each kind, then why some were left."""
        told = [
            f"{self.counts[kind]:,} {kind.value}." for kind in AltTextOutcome if self.counts[kind]
        ]
        return [f"Alt text: {line}" for line in told] + self.troubles


def _with_new_key(record: "Record") -> "Record":
    from image_describer.library.describe_files import content_key

    try:
        return replace(record, key=content_key(record.file))
    except OSError:  # gone meanwhile, which the next run will find
        return record
