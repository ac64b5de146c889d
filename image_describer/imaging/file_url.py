"""file:// URLs, as file managers, browsers and people write them."""

import os
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname


def is_file_url(text: str) -> bool:
    """Whether ``text`` begins as a file URL does."""
    return text[:5].lower() == "file:"


def file_url_path(url: str) -> str | None:
    """Return the path that ``url`` names; None if it is malformed or names another computer."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    if parts.netloc not in ("", "localhost"):
        return None
    if os.name == "nt":
        return url2pathname(parts.path)
    # Unlike url2pathname, this keeps the bytes of names that are not UTF-8.
    return unquote(parts.path, errors="surrogateescape")
