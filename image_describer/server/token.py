"""The token in a file: what whoever asks has to know."""

import os
import stat
from pathlib import Path

from image_describer.errors import TokenError
from image_describer.files import read_limited, reason
from image_describer.text import visible

LIMIT_BYTES = 4096
LEAST_BYTES = 16  # fewer can be guessed
MAKE_ONE = "Make one: head -c 32 /dev/urandom | base64 > FILE; chmod 600 FILE."


def read(path: Path | None) -> bytes | None:
    """The token in ``path``, without white space around it; None for no file. Raises TokenError."""
    if path is None:
        return None
    name = visible(str(path))
    try:
        mode = path.stat().st_mode
        token = read_limited(path, LIMIT_BYTES).strip()
    except (OSError, ValueError) as error:
        why = reason(error) if isinstance(error, OSError) else "that is no name"
        raise TokenError(f'The token in "{name}" can\'t be read: {why}.', MAKE_ONE) from error
    if os.name == "posix" and mode & stat.S_IROTH:
        raise TokenError(
            f'Everyone on this computer can read the token in "{name}".', f"Run: chmod 600 {name}"
        )
    if not token:
        raise TokenError(f'There is no token in "{name}": the file is empty.', MAKE_ONE)
    if len(token) < LEAST_BYTES or not all(0x21 <= byte <= 0x7E for byte in token):
        raise TokenError(
            f'The token in "{name}" has to be at least {LEAST_BYTES} letters, digits and signs of '
            "ASCII, without spaces.",
            MAKE_ONE,
        )
    return token
