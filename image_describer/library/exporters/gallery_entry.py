"""One picture of the gallery: its figure, its place among the folders, the link to its file."""

import os
from collections.abc import Sequence
from html import escape
from pathlib import PurePath
from urllib.parse import quote

from image_describer.captioner.description import Description
from image_describer.imaging.notes import BLANK
from image_describer.library.record import Record
from image_describer.text import visible
from image_describer.wording import sentence as wording

# From which confidence on, as for the hedges of `wording`.
SURE = (
    (wording.HIGH, "Fairly sure: {percent} percent."),
    (wording.MIDDLE, "Unsure: {percent} percent."),
    (0.0, "Likely wrong: {percent} percent sure."),
)
# What every browser shows; of other formats it shows the alternative text.
SHOWN = (".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".gif", ".bmp", ".dib", ".avif")


def figure(record: Record, address: str) -> str:
    """A described picture as an item of a list; ``address`` is that of its file, quoted."""
    description = record.description
    assert description is not None
    said = wording.as_record(description)
    size = ""
    if said["width"] > 0 and said["height"] > 0:
        size = f' width="{said["width"]}" height="{said["height"]}"'
    name = f'<a href="{escape(address)}">{_shown(_name(record.file))}</a>'
    if not record.file.lower().endswith(SHOWN):
        name += " (browsers may not show it)"
    return (
        f'<li><figure>\n<img src="{escape(address)}" alt="{escape(alt_text(description))}"{size}'
        ' loading="lazy" decoding="async">\n'
        f"<figcaption><p>{escape(said['sentence'])}</p>\n"
        f"{_sure(description)}"
        f'<p class="name">{name}</p></figcaption>\n</figure></li>\n'
    )


def broken(record: Record, place: str) -> str:
    """A picture that could not be described, with its reason, as an item of a list."""
    name = visible(_name(record.file))
    where = f"{place}/{name}" if place else name
    return f"<li>{_shown(where)}: {escape(visible(record.error))}</li>\n"


def alt_text(description: Description) -> str:
    """Its author's words where there are any, else the bare caption, or what the program says of
    the picture where it has none that is true.
    """
    record = wording.as_record(description)
    if record["alt_text"]:
        return str(record["alt_text"])
    sentence = wording.sentence(description)
    if sentence == BLANK or sentence.endswith(wording.NOTHING):
        return sentence
    return str(record["caption"])


def address(file: str, folders: Sequence[str], prefix: str) -> str:
    """The URL of a picture, each odd byte of its name as a percent escape.

    It is relative, and begins with ``prefix``, where the picture lies below one of ``folders``,
    which are names of the gallery's own folder; else it is a file URL. ``file`` is absolute.
    """
    for folder in folders:
        inside = _below(file, folder)
        if inside:
            return prefix + quote(os.fsencode(inside.replace(os.sep, "/")), safe="/")
    return PurePath(file).as_uri()


def place_of(file: str, roots: Sequence[str]) -> str:
    """The folder of a picture as people know it: from the name of the described folder on."""
    folder = os.path.dirname(file)
    for root in roots:
        inside = _below(folder, root)
        if inside is not None:
            top = os.path.basename(root.rstrip(os.sep)) or root
            return visible("/".join([top, inside.replace(os.sep, "/")] if inside else [top]))
    return visible(folder)


def _below(path: str, folder: str) -> str | None:
    """What is left of ``path`` below ``folder``; "" for the folder itself, None elsewhere."""
    if path == folder:
        return ""
    start = folder if folder.endswith(os.sep) else folder + os.sep
    return path[len(start) :] if path.startswith(start) else None


def _sure(description: Description) -> str:
    if alt_text(description) == wording.sentence(description):
        return ""  # nothing is claimed of it
    value = float(wording.as_record(description)["confidence"])
    words = next(words for least, words in SURE if value >= least)
    return f'<p class="sure">{words.format(percent=round(100 * value))}</p>\n'


def _name(file: str) -> str:
    return os.path.basename(file) or file


def _shown(name: str) -> str:
    return f"<bdi>{escape(visible(name))}</bdi>"
