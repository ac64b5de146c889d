"""Download Flickr8k: zip archives, verified and unpacked."""

import errno
import logging
import os
import shutil
import socket
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import keras

from image_describer.errors import TrainingError
from image_describer.files import reason

log = logging.getLogger(__name__)

TIMEOUT_S = 60.0  # without a byte


@dataclass(frozen=True)
class Archive:
    """A zip file, its MD5 sum, the folder that it is unpacked into ("" for that of the data set),
    and a file or folder in it."""

    url: str
    md5: str
    folder: str
    content: str


# Only MD5 sums are published for these two. They protect against damage; against another sender,
# there is GitHub's certificate.
FLICKR8K = (
    Archive(
        "https://github.com/jbrownlee/Datasets/releases/download/Flickr8k/Flickr8k_text.zip",
        "bf6c1abcb8e4a833b7f922104de18627",
        "Flickr8k_text",
        "Flickr8k.token.txt",
    ),
    Archive(
        "https://github.com/jbrownlee/Datasets/releases/download/Flickr8k/Flickr8k_Dataset.zip",
        "f18a1e2920de5bd84dae7cf08ec78978",
        "",
        "Flicker8k_Dataset",
    ),
)


def download(folder: Path, archives: Sequence[Archive] = FLICKR8K) -> None:
    """Download the archives that ``folder`` doesn't have yet.

    An archive is unpacked completely or not at all. Raises TrainingError.
    """
    if not sys.stdout.isatty():
        keras.config.disable_interactive_logging()  # its progress bar would fill a log file
    timeout = socket.getdefaulttimeout()
    socket.setdefaulttimeout(TIMEOUT_S)  # Keras has none
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for archive in archives:
            content = folder / archive.folder / archive.content
            if content.exists():
                log.info("%s exists.", content)
                continue
            with tempfile.TemporaryDirectory(prefix=".download-", dir=folder) as draft:
                _move(archive, _fetch(archive, Path(draft)), folder / archive.folder)
    except OSError as error:
        raise TrainingError(
            f"The data can't be written to {folder}: {reason(error)}.",
            "Make room or name another folder.",
        ) from error
    finally:
        socket.setdefaulttimeout(timeout)


def _fetch(archive: Archive, draft: Path) -> Path:
    """Download and unpack an archive below ``draft``. Raises TrainingError."""
    try:
        unpacked = keras.utils.get_file(
            fname=archive.url.rpartition("/")[2],
            origin=archive.url,
            file_hash=archive.md5,
            hash_algorithm="md5",
            extract=True,
            archive_format="zip",
            cache_dir=draft,
            cache_subdir="",
        )
    except Exception as error:  # Keras raises Exception itself
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            raise
        raise TrainingError(
            f"{archive.url} can't be downloaded: {error}",
            "Check the network and try again, or download the data set elsewhere and give its "
            "folder as --data.",
        ) from error
    if not (Path(unpacked) / archive.content).exists():
        raise TrainingError(f"{archive.url} doesn't contain {archive.content}.")
    return Path(unpacked)


def _move(archive: Archive, unpacked: Path, folder: Path) -> None:
    """Move what was unpacked into ``folder``; the content that marks it as complete comes last."""
    folder.mkdir(exist_ok=True)
    for path in sorted(unpacked.iterdir(), key=lambda path: path.name == archive.content):
        if path.name != "__MACOSX":
            shutil.rmtree(folder / path.name, ignore_errors=True)
            os.replace(path, folder / path.name)
