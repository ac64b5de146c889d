"""What a worker of a cluster does with the pictures that it is handed; it knows nothing of Dask.

A worker keeps the model it has loaded, one for each of its threads, until it ends.
"""

import hashlib
import json
import os
import platform
import stat
import threading
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from image_describer import __version__
from image_describer.captioner.bundle import Bundle, open_bundle
from image_describer.errors import BundleError, PictureError
from image_describer.library.record import Record

if TYPE_CHECKING:
    from image_describer.captioner.describer import Describer

CLOCKS_DIFFER_S = 2.0  # of one file's time of change, seen through two file systems


@dataclass(frozen=True)
class BatchSpec:
    """What all pictures of a batch share: the program's version, and the model by its digest.

    ``bundle`` is the folder where the client has it, for workers that see the same files.
    """

    version: str
    digest: str
    bundle: str


class ClusterTask(NamedTuple):
    """A picture on its way to a worker: by its content, or, where that is None, by its path,
    size in bytes and time of change in seconds, by which a worker sees whether it has the same.
    """

    number: int
    file: str
    content: bytes | None
    size: int
    changed: float


WorkerReply = str | list[tuple[int, Record | None]]
"""A record for each number, None for a picture that the worker does not see. Or the sentence that
says why this worker can't do such work.
"""


def batch_spec(bundle: Path | None) -> BatchSpec:
    """The order of a batch that is described with ``bundle``. Raises BundleError."""
    opened = open_bundle(bundle)
    return BatchSpec(__version__, bundle_digest(opened), os.path.abspath(opened.folder))


def bundle_digest(bundle: Bundle) -> str:
    """SHA-256, hex, of the manifest, which holds those of all files."""
    return hashlib.sha256(json.dumps(bundle.manifest, sort_keys=True).encode()).hexdigest()


def describe(order: BatchSpec, parcels: list[ClusterTask]) -> WorkerReply:
    """Describe ``parcels``; nothing that is wrong with a picture is raised."""
    if batch_spec.version != __version__:
        return (
            f"The worker on {platform.node()} runs Image Describer {__version__}, and this is "
            f"{batch_spec.version}: they would not say the same."
        )
    try:
        describer = _borrowed(batch_spec)
    except BundleError as error:
        return f"The worker on {platform.node()} can't describe. {error}"
    if describer is None:
        return f"The worker on {platform.node()} has another model than this computer."
    try:
        return _described(describer, parcels)
    finally:
        with _lock:
            _idle.setdefault(batch_spec.digest, []).append(describer)


_idle: dict[str, "list[Describer]"] = {}
_lock = threading.Lock()


def _borrowed(order: BatchSpec) -> "Describer | None":
    """A describer that no other thread uses, loaded where there is none. Raises BundleError."""
    with _lock:
        if _idle.get(batch_spec.digest):
            return _idle[batch_spec.digest].pop()
    from image_describer.captioner.describer import Describer

    for folder in (None, Path(batch_spec.bundle)):
        try:
            if bundle_digest(open_bundle(folder)) == batch_spec.digest:
                return Describer(folder, threads=1)
        except BundleError:
            if folder is None and Path(batch_spec.bundle).is_dir():
                continue
            if folder is None:
                raise
    return None


def _described(
    describer: "Describer", parcels: list[ClusterTask]
) -> list[tuple[int, Record | None]]:
    from image_describer.library.describe_files import describe_files

    here = [one for one in parcels if one.content is None and _is_here(one)]
    sent = [one for one in parcels if one.content is not None]
    found: dict[int, Record | None] = {one.number: None for one in parcels}
    records = describe_files(describer, [one.file for one in here]) if here else []
    found.update(zip((one.number for one in here), records, strict=True))
    if sent:
        told = describer.describe_many([one.content for one in sent])
        for one, what in zip(sent, told, strict=True):
            key = hashlib.sha256(one.content or b"").hexdigest()
            if isinstance(what, PictureError):
                found[one.number] = Record(one.file, key, error=str(what))
            else:
                found[one.number] = Record(one.file, key, replace(what, file=one.file))
    return list(found.items())


def _is_here(one: ClusterTask) -> bool:
    """Whether this computer has the same file at the same path."""
    try:
        status = os.stat(one.file)
    except (OSError, ValueError):
        return False
    return (
        stat.S_ISREG(status.st_mode)
        and status.st_size == one.size
        and abs(status.st_mtime - one.changed) < CLOCKS_DIFFER_S
        and os.access(one.file, os.R_OK)
    )
