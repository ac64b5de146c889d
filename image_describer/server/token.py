"""The token file: clients must send the token in it."""

import os
import stat
from pathlib import Path

from image_describer.errors import TokenError
from image_describer.files import read_limited, reason
from image_describer.i18n import N_, _
from image_describer.text import visible

LIMIT_BYTES = 4096
MIN_BYTES = 16  # shorter tokens can be guessed
CREATE_ONE = N_("Create one: head -c 32 /dev/urandom | base64 > FILE; chmod 600 FILE.")


def read(path: Path | None) -> bytes | None:
    """Return the token in ``path``, stripped; None without a path. Raises TokenError."""
    if path is None:
        return None
    name = visible(str(path))
    try:
        mode = path.stat().st_mode
        token = read_limited(path, LIMIT_BYTES).strip()
    except (OSError, ValueError) as error:
        problem = reason(error) if isinstance(error, OSError) else _("the name is invalid")
        raise TokenError(
            _('The token in "{name}" can\'t be read: {problem}.').format(
                name=name, problem=problem
            ),
            _(CREATE_ONE),
        ) from error
    if os.name == "posix" and mode & stat.S_IROTH:
        raise TokenError(
            _('Everyone on this computer can read the token in "{name}".').format(name=name),
            _("Run: chmod 600 {name}").format(name=name),
        )
    if not token:
        raise TokenError(_('The token file "{name}" is empty.').format(name=name), _(CREATE_ONE))
    if len(token) < MIN_BYTES or not all(0x21 <= byte <= 0x7E for byte in token):
        raise TokenError(
            _(
                'The token in "{name}" must have at least {count} ASCII letters, digits or '
                "symbols, without spaces."
            ).format(name=name, count=MIN_BYTES),
            _(CREATE_ONE),
        )
    return token
