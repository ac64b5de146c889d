"""What a worker of a cluster does with the pictures it is sent. It does not depend on Dask.

A worker keeps the describers it has loaded, one for each of its threads, until it ends.
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

from image_describer import __version__, i18n
from image_describer.captioner.bundle import Bundle, open_bundle
from image_describer.errors import BundleError, PictureError
from image_describer.i18n import ENGLISH, _
from image_describer.library.record import Record

if TYPE_CHECKING:
    from image_describer.captioner.describer import Describer

CLOCK_DIFFERENCE_S = 2.0  # of one file's modification time, seen through two file systems


@dataclass(frozen=True)
class BatchSpec:
    """What all pictures of a batch share: the program's version and the digest of the model.

    ``bundle`` is the client's folder of the model, for workers that see the same files.
    ``language`` is the one to describe in, ``program_language`` that of errors.
    """

    version: str
    digest: str
    bundle: str
    language: str = ENGLISH
    program_language: str = ENGLISH


class ClusterTask(NamedTuple):
    """A picture to describe, by its ``content``, or if that is None by its path.

    ``size`` in bytes and modification time ``mtime`` in seconds tell a worker whether it sees the
    same file.
    """

    number: int
    file: str
    content: bytes | None
    size: int
    mtime: float


WorkerReply = str | list[tuple[int, Record | None]]
"""A record for each number, or None if the worker does not see the file. Or a sentence that says
why this worker can't describe.
"""


def batch_spec(bundle: Path | None, language: str = ENGLISH) -> BatchSpec:
    """Return the specification of a batch with ``bundle``. Raises BundleError."""
    opened = open_bundle(bundle)
    folder = os.path.abspath(opened.folder)
    return BatchSpec(__version__, bundle_digest(opened), folder, language, i18n.language())


def bundle_digest(bundle: Bundle) -> str:
    """Return the SHA-256 in hex of the manifest, which contains those of all files."""
    return hashlib.sha256(json.dumps(bundle.manifest, sort_keys=True).encode()).hexdigest()


def describe(spec: BatchSpec, tasks: list[ClusterTask]) -> WorkerReply:
    """Describe the pictures of ``tasks``. Raises nothing that a picture causes."""
    with i18n.using(spec.program_language):
        return _reply(spec, tasks)


def _reply(spec: BatchSpec, tasks: list[ClusterTask]) -> WorkerReply:
    if spec.version != __version__:
        return _(
            "The worker on {computer} runs Image Describer {version}, this computer runs "
            "{own_version}: their descriptions would differ."
        ).format(computer=platform.node(), version=__version__, own_version=spec.version)
    try:
        describer = _borrow_describer(spec)
    except BundleError as error:
        return _("The worker on {computer} can't describe. {reason}").format(
            computer=platform.node(), reason=error
        )
    if describer is None:
        return _("The worker on {computer} has another model than this computer.").format(
            computer=platform.node()
        )
    try:
        return _describe(describer, tasks, spec.language)
    finally:
        with _lock:
            _idle.setdefault(spec.digest, []).append(describer)


_idle: dict[str, "list[Describer]"] = {}  # by the digest of their models
_lock = threading.Lock()


def _borrow_describer(spec: BatchSpec) -> "Describer | None":
    """Return a describer that no other thread uses; None if there is no such model here.

    Raises BundleError.
    """
    with _lock:
        if _idle.get(spec.digest):
            return _idle[spec.digest].pop()
    from image_describer.captioner.describer import Describer

    for folder in (None, Path(spec.bundle)):
        try:
            if bundle_digest(open_bundle(folder)) == spec.digest:
                return Describer(folder, threads=1)
        except BundleError:
            if folder is None and Path(spec.bundle).is_dir():
                continue
            if folder is None:
                raise
    return None


def _describe(
    describer: "Describer", tasks: list[ClusterTask], language: str
) -> list[tuple[int, Record | None]]:
    from image_describer.library.describe_files import describe_files

    by_path = [task for task in tasks if task.content is None and _sees(task)]
    by_content = [task for task in tasks if task.content is not None]
    records: dict[int, Record | None] = {task.number: None for task in tasks}
    if by_path:
        described = describe_files(describer, [task.file for task in by_path], language=language)
        records.update(zip((task.number for task in by_path), described, strict=True))
    if by_content:
        contents = [task.content or b"" for task in by_content]
        results = describer.describe_many(contents, language=language)
        for task, result in zip(by_content, results, strict=True):
            key = hashlib.sha256(task.content or b"").hexdigest()
            if isinstance(result, PictureError):
                records[task.number] = Record(task.file, key, error=str(result))
            else:
                records[task.number] = Record(task.file, key, replace(result, file=task.file))
    return list(records.items())


def _sees(task: ClusterTask) -> bool:
    """Whether this computer has the same file at the same path."""
    try:
        status = os.stat(task.file)
    except (OSError, ValueError):
        return False
    return (
        stat.S_ISREG(status.st_mode)
        and status.st_size == task.size
        and abs(status.st_mtime - task.mtime) < CLOCK_DIFFERENCE_S
        and os.access(task.file, os.R_OK)
    )
