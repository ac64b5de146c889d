"""Fetch a data set: archives that resume where they broke off, checked, then unpacked."""

import hashlib
import logging
import os
import shutil
import time
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import requests
from tqdm import tqdm

from image_describer.errors import TrainingError

log = logging.getLogger(__name__)

CHUNK_BYTES = 1 << 20
TIMEOUT_S = 30.0  # without a byte, a connection is taken for dead
ATTEMPTS = 6  # in a row without a new byte
FIRST_WAIT_S = 1.0  # before the second attempt; doubled for each further one


@dataclass(frozen=True)
class Archive:
    """A zip file: where it is, its checksum ("sha256:..." or "md5:..."), the folder that it is
    unpacked into ("" for the data set's own), and a file or folder that it brings there."""

    url: str
    checksum: str
    into: str
    brings: str

    @property
    def name(self) -> str:
        return self.url.rpartition("/")[2]


# Published MD5 sums are all that could be had of these two; they guard against damage, and
# GitHub's certificate against another sender.
DATA_SETS: Mapping[str, tuple[Archive, ...]] = {
    "flickr8k": (
        Archive(
            "https://github.com/jbrownlee/Datasets/releases/download/Flickr8k/Flickr8k_text.zip",
            "md5:bf6c1abcb8e4a833b7f922104de18627",
            "Flickr8k_text",
            "Flickr8k.token.txt",
        ),
        Archive(
            "https://github.com/jbrownlee/Datasets/releases/download/Flickr8k/Flickr8k_Dataset.zip",
            "md5:f18a1e2920de5bd84dae7cf08ec78978",
            "",
            "Flicker8k_Dataset",
        ),
    ),
}


def download(
    name: str, folder: Path, data_sets: Mapping[str, tuple[Archive, ...]] = DATA_SETS
) -> Path:
    """Bring the data set ``name`` into ``folder``, which is returned; what is there is kept.

    What breaks off is continued, at once or by the next call. Raises TrainingError.
    """
    if name not in data_sets:
        raise TrainingError(f"No data set '{name}'.", f"There are: {', '.join(data_sets)}.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for archive in data_sets[name]:
            if (folder / archive.into / archive.brings).exists():
                log.info("%s is there already.", archive.name)
                continue
            part = folder / f"{archive.name}.part"
            _fetch(archive, part)
            _check(archive, part)
            _unpack(archive, part, folder)
            part.unlink()
    except OSError as error:
        raise TrainingError(
            f"{name} can't be kept in {folder}: {error.strerror or error}.",
            "Make room or name another folder, and give the same command: it goes on.",
        ) from error
    return folder


class _ConnectionLostError(Exception):
    """A try that ended early; another one may get further."""


def _fetch(archive: Archive, part: Path) -> None:
    """Bring the archive to ``part``, going on from what is there."""
    failures = 0
    while True:
        before = _size(part)
        try:
            _fetch_once(archive, part)
            return
        except _ConnectionLostError as error:
            failures = 0 if _size(part) > before else failures + 1
            if failures >= ATTEMPTS:
                raise TrainingError(
                    f"{archive.url} can't be fetched: {error}.",
                    "Check the network and give the same command: it goes on where it stopped.",
                ) from error
            log.info("The connection was lost; going on.")
            time.sleep(FIRST_WAIT_S * 2 ** max(0, failures - 1))


def _fetch_once(archive: Archive, part: Path) -> None:
    have = _size(part)
    try:
        with requests.get(
            archive.url,
            headers={"Range": f"bytes={have}-", "Accept-Encoding": "identity"} if have else {},
            stream=True,
            timeout=TIMEOUT_S,
        ) as answer:
            if have and answer.status_code == requests.codes.requested_range_not_satisfiable:
                return  # there is no more: the checksum will tell
            if answer.status_code >= 500 or answer.status_code == requests.codes.too_many_requests:
                raise _ConnectionLostError(f"the server answers {answer.status_code}")
            if answer.status_code >= 400:
                raise TrainingError(
                    f"{archive.url} can't be fetched: the server answers {answer.status_code}.",
                    "Fetch the data set elsewhere and give its folder as --data.",
                )
            goes_on = answer.headers.get("Content-Range", "").startswith(f"bytes {have}-")
            if not (answer.status_code == requests.codes.partial_content and goes_on):
                have = 0  # the server can't go on: it sends the whole
            _write(answer, part, have)
    except requests.RequestException as error:
        raise _ConnectionLostError(_why(error)) from error


def _write(answer: requests.Response, part: Path, have: int) -> None:
    length = answer.headers.get("Content-Length", "")
    rest = int(length) if length.isascii() and length.isdigit() else None
    if rest and rest > (free := shutil.disk_usage(part.parent).free):
        raise TrainingError(
            f"The download needs {rest / 1e9:.1f} GB, and {free / 1e9:.1f} are free.",
            "Make room, or name another folder.",
        )
    total = None if rest is None else have + rest
    with (
        part.open("r+b" if have else "wb") as file,
        tqdm(
            total=total, initial=have, desc=part.stem, unit="B", unit_scale=True, unit_divisor=1000
        ) as bar,
    ):
        file.seek(have)
        for chunk in answer.iter_content(CHUNK_BYTES):
            file.write(chunk)
            bar.update(len(chunk))
        file.flush()
        os.fsync(file.fileno())
    if total is not None and _size(part) < total:
        raise _ConnectionLostError("it ended too early")


def _why(error: requests.RequestException) -> str:
    if isinstance(error, requests.Timeout):
        return f"no answer for {TIMEOUT_S:.0f} seconds"
    if isinstance(error, requests.ConnectionError):
        return "there is no connection"
    return str(error)


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _check(archive: Archive, part: Path) -> None:
    """Compare the checksum; what is wrong is deleted, so that the next call begins anew."""
    kind, _, wanted = archive.checksum.partition(":")
    digest = hashlib.new(kind, usedforsecurity=False)
    with part.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
    if digest.hexdigest() != wanted:
        part.unlink()
        raise TrainingError(
            f"What came from {archive.url} is not what was published: its checksum is "
            f"{kind}:{digest.hexdigest()}.",
            "It was deleted. Give the same command to fetch it again.",
        )


def _unpack(archive: Archive, part: Path, folder: Path) -> None:
    """Unpack beside the goal first: nobody takes half a folder of pictures for the whole."""
    draft = folder / f".{archive.name}.unpacking"
    shutil.rmtree(draft, ignore_errors=True)
    try:
        with zipfile.ZipFile(part) as file:
            for entry in tqdm(_wanted(file), desc=f"unpacking {archive.name}", unit=" files"):
                file.extract(entry, draft)
        if not (draft / archive.brings).exists():
            raise TrainingError(f"{archive.name} holds no {archive.brings}.")
        goal = folder / archive.into
        goal.mkdir(exist_ok=True)
        # What tells that the archive is unpacked comes last.
        for path in sorted(draft.iterdir(), key=lambda path: path.name == archive.brings):
            shutil.rmtree(goal / path.name, ignore_errors=True)
            os.replace(path, goal / path.name)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, EOFError) as error:
        part.unlink()
        raise TrainingError(
            f"{archive.name} is damaged: {error}.", "Give the same command to fetch it again."
        ) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _wanted(file: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """Files of the archive, less what macOS adds, and less paths that lead out of the folder."""
    wanted = []
    for entry in file.infolist():
        parts = PurePosixPath(entry.filename.replace("\\", "/")).parts
        outside = entry.filename.startswith("/") or ".." in parts
        if parts and not entry.is_dir() and not outside and parts[0] != "__MACOSX":
            wanted.append(entry)
    return wanted
