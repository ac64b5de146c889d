"""Write the descriptions of a batch as alt text into the picture files (``--write-alt-text``).

Other programs read alt text aloud as if the author had written it, without the hedge that belongs
to a description here. So a description that is probably wrong is written only with ``--unsure``,
and none is written for drawings, pages of text and empty pictures, whose descriptions are invented.
"""

import argparse
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from image_describer.errors import AltTextError
from image_describer.i18n import N_, _
from image_describer.text import number

if TYPE_CHECKING:
    from image_describer.captioner.description import Description
    from image_describer.library.record import Record

COPIES_FOLDER = N_("{folder} with alt text")  # beside the folder of the pictures


class AltTextOutcome(Enum):
    """What happened to a picture; the values are lines of the summary."""

    WRITTEN = N_("Alt text: {count} written.")
    SAME = N_("Alt text: {count} already there.")
    AUTHOR = N_("Alt text: {count} kept as they are, perhaps by their authors (--replace).")
    UNSURE = N_("Alt text: {count} left out: the description is probably wrong (--unsure).")
    NO_PHOTOGRAPH = N_(
        "Alt text: {count} left out: not a photograph, so the description would be invented."
    )
    NOT_DESCRIBED = N_("Alt text: {count} left out: not described.")
    FAILED = N_("Alt text: {count} not written.")


@dataclass(frozen=True)
class AltTextResult:
    """The outcome for ``file``. ``target`` is the file that has the alt text now, or None.

    ``error`` is a sentence if it failed, else empty.
    """

    file: str
    outcome: AltTextOutcome
    error: str = ""
    target: Path | None = None


def check(options: argparse.Namespace, roots: Sequence[Path]) -> None:
    """Check, before any work is done, that the options fit together. Raises AltTextError."""
    if not options.write_alt_text:
        for name in ("copies", "in_place", "replace", "unsure"):
            if getattr(options, name):
                option = "--" + name.replace("_", "-")
                raise AltTextError(_("{option} needs --write-alt-text.").format(option=option))
        return
    if options.in_place and options.copies:
        raise AltTextError(_("--in-place makes no copies."), _("Leave out --copies or --in-place."))
    if options.copies is not None:
        copies = options.copies.resolve()
        if copies.exists() and not copies.is_dir():
            raise AltTextError(_('"{name}" is not a folder.').format(name=options.copies))
        for root in roots:
            if copies.is_relative_to(root.resolve()):
                raise AltTextError(
                    _("The copies would be among the pictures, and be described the next time."),
                    _("Choose a folder elsewhere."),
                )


def alt_text_of(description: "Description") -> str:
    """Return a caption as alt text, a sentence with a capital and a full stop; "" for none.

    A few words that are surely written in the picture follow.
    """
    from image_describer.wording import sentence as wording

    if not wording.bare_caption(description):
        return ""
    bare = replace(description, notes=(), alt_text=None, text=None)
    text = wording.sentence(bare, hedged=False)
    short = wording.short_text(description.text) if description.text is not None else ""
    return f"{text} {short}".strip()


def write_alt_text(
    record: "Record", options: argparse.Namespace, roots: Sequence[Path]
) -> AltTextResult:
    """Write a record's description into its picture's file, or into a copy. Idempotent.

    ``roots`` are the folders of the batch, whose structure the copies keep. Raises nothing that
    a picture or a disk causes.
    """
    from image_describer.metadata import alt_text
    from image_describer.wording import sentence as wording

    description, file = record.description, Path(record.file)
    text = alt_text_of(description) if description is not None else ""
    if description is None or not text:
        return AltTextResult(record.file, AltTextOutcome.NOT_DESCRIBED)
    if options.replace or not description.alt_text:  # else the existing text is kept anyway
        if not description.has_scene:
            return AltTextResult(record.file, AltTextOutcome.NO_PHOTOGRAPH)
        if not options.unsure and not description.confidence >= wording.MIDDLE:
            return AltTextResult(record.file, AltTextOutcome.UNSURE)
    target = file if options.in_place else target_path(file, options.copies, roots)
    settings = {"language": description.language, "replace": options.replace, "key": record.key}
    try:
        if options.in_place:
            result, _backup = alt_text.write_in_place(file, text, **settings)
        else:
            result = alt_text.write(file, target, text, **settings)
    except AltTextError as error:
        return AltTextResult(record.file, AltTextOutcome.FAILED, str(error))
    return AltTextResult(record.file, AltTextOutcome[result.name], target=target)


def target_path(file: Path, copies: Path | None, roots: Sequence[Path]) -> Path:
    """Return the path of the copy of ``file``: in ``copies``, or in a folder beside its root.

    With several ``roots``, each has a folder with its name in ``copies``. A file that is not below
    a root is its own root.
    """
    containing = [root for root in roots if file.is_relative_to(root)] or [file]
    root = max(containing, key=lambda path: len(path.parts))
    folder = file.parent if root == file else root
    relative = file.relative_to(folder)
    if copies is None:
        name = _(COPIES_FOLDER).format(folder=folder.name or _("Pictures"))
        return folder.with_name(name) / relative
    if len(roots) < 2 or root == file:
        return copies / relative
    same_name = [other for other in roots if other.name == root.name]
    number = same_name.index(root) + 1 if root in same_name else 1
    return copies / (f"{root.name}-{number}" if number > 1 else root.name) / relative


class AltTextWriter:
    """Writes the alt text of a batch's records as they are done, and counts the outcomes.

    Does nothing without ``options.write_alt_text``. Raises AltTextError for options that don't fit
    together.
    """

    def __init__(self, options: argparse.Namespace, paths: "Sequence[str | Path]") -> None:
        self.options = options
        self.roots = [Path(os.path.abspath(path)) for path in paths]
        self.counts: Counter[AltTextOutcome] = Counter()
        self.errors: list[str] = []
        check(options, self.roots)

    @property
    def failed(self) -> bool:
        return bool(self.errors)

    def write(self, record: "Record") -> "Record | None":
        """Write the alt text of one picture; returns its new record if this changed its file."""
        if self.options.write_alt_text:
            result = write_alt_text(record, self.options, self.roots)
            self.counts[result.outcome] += 1
            if result.error:
                self.errors.append(result.error)
            if result.outcome is AltTextOutcome.WRITTEN and self.options.in_place:
                return _with_new_key(record)
        return None

    def summary(self) -> list[str]:
        """Return a line for each outcome with its count, and then the errors."""
        counts = [
            _(outcome.value).format(count=number(self.counts[outcome]))
            for outcome in AltTextOutcome
            if self.counts[outcome]
        ]
        return counts + self.errors


def _with_new_key(record: "Record") -> "Record":
    from image_describer.library.describe_files import content_key

    try:
        return replace(record, key=content_key(record.file))
    except OSError:  # deleted in the meantime; the next run will notice
        return record
