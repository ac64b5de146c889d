"""file:// URLs, as file managers, browsers and people write them."""

import os
import socket
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

THIS_COMPUTER = ("", "localhost", "127.0.0.1", "[::1]")


def is_file_url(text: str) -> bool:
    """Whether ``text`` begins as a file URL does."""
    return text[:5].lower() == "file:"


def file_url_path(url: str) -> str | None:
    """Return the path that ``url`` names; None if it is malformed or names another computer."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    if parts.netloc not in THIS_COMPUTER and _label(parts.netloc) != _label(socket.gethostname()):
        return None
    if os.name == "nt":
        return url2pathname(parts.path)
    # Unlike url2pathname, this keeps the bytes of names that are not UTF-8.
    return unquote(parts.path, errors="surrogateescape")


def _label(host: str) -> str:
    """The first label of a host name, which some programs write alone and others don't."""
    return host.partition(".")[0].lower()
