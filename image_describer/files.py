"""A file is written whole or not at all: under a temporary name first, then renamed."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

NAME_LIMIT = 40  # of the letters of a name that its temporary one shows: 255 bytes hold no more


def write(path: Path, content: bytes, mode: int) -> None:
    """Write ``content`` beside ``path``, then rename it: nobody sees half a file.

    The file gets the permissions ``mode``. What was there before stays when this raises OSError.
    """
    with writing(path, mode) as file:
        file.write(content)


@contextmanager
def writing(path: Path, mode: int) -> Iterator[IO[bytes]]:
    """The same for content that comes bit by bit: ``path`` is replaced where the block ends well.

    After an exception, in the block or from the system, what was there before is still there.
    """
    name = path.name[:NAME_LIMIT]
    handle, draft = tempfile.mkstemp(prefix=f".{name}.", suffix=".new", dir=path.parent)
    temporary = Path(draft)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(mode)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
