"""Reading the picture and the form of a request, in memory only."""

import re
from collections.abc import AsyncGenerator
from typing import NamedTuple

from python_multipart.multipart import parse_options_header
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from image_describer.i18n import N_, _
from image_describer.server.problems import Problem
from image_describer.server.schemas import SENTENCES_LIMIT

PICTURE, SENTENCE, LANGUAGE = "picture", "sentence", "language"
FILES_LIMIT = 4
FIELD_LIMIT_BYTES = 64_000
MULTIPART = "multipart/form-data"
RAW = "application/octet-stream"
UNSUPPORTED_TYPE = N_(
    "Send the picture as the body, with a header such as Content-Type: image/jpeg, or in the field "
    "picture of a form (multipart/form-data)."
)


class PictureForm(NamedTuple):
    """A picture's file, and the sentences and the language of the form, if it has any."""

    picture: bytes
    sentences: list[str]
    language: str | None = None


class _InMemoryParser(MultiPartParser):
    """Starlette's parser, which would write larger files to the disk. Bodies are limited."""

    spool_max_size = 1 << 40

    def on_headers_finished(self) -> None:
        """Also take for a file what some libraries send without a plain ``filename``: a part with
        ``filename*`` (RFC 5987), or only with a type."""
        part = self._current_part
        disposition = part.content_disposition or b""
        _unused, options = parse_options_header(disposition)
        media_type = dict(part.item_headers).get(b"content-type", b"")
        if b"filename" not in options and (
            b"filename*" in disposition.lower()
            or media_type.lower().startswith((b"image/", RAW.encode()))
        ):
            part.content_disposition = disposition + b'; filename=""'
        super().on_headers_finished()


async def read(request: Request) -> PictureForm:
    """Return the form of a request, or its raw body. Raises Problem."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower() or RAW
    if kind == MULTIPART:
        return await _multipart(request)
    if kind != RAW and not kind.startswith("image/"):
        raise Problem(415, _(UNSUPPORTED_TYPE))
    return PictureForm(await request.body(), [])


async def _multipart(request: Request) -> PictureForm:
    parser = _InMemoryParser(
        request.headers,
        _without_preamble(request),
        max_files=FILES_LIMIT,
        max_fields=SENTENCES_LIMIT + FILES_LIMIT,
        max_part_size=FIELD_LIMIT_BYTES,
    )
    try:
        form = await parser.parse()
    except MultiPartException as error:
        raise Problem(
            400, _("The form can't be read: {message}").format(message=error.message)
        ) from error
    except (KeyError, ValueError, LookupError) as error:
        raise Problem(400, _("The form can't be read: it is malformed.")) from error
    try:
        files = [value for value in form.values() if isinstance(value, UploadFile)]
        named = [value for value in form.getlist(PICTURE) if isinstance(value, UploadFile)]
        if not (named or files):
            raise Problem(422, _("The form has no file."))
        picture = await (named or files)[0].read()
        sentences = [value for value in form.getlist(SENTENCE) if isinstance(value, str)]
        language = form.get(LANGUAGE)
        return PictureForm(picture, sentences, language if isinstance(language, str) else None)
    finally:
        await form.close()


async def _without_preamble(request: Request) -> AsyncGenerator[bytes, None]:
    """Yield the body of a form from its first boundary on: a text before it has no meaning
    (RFC 2046, 5.1.1)."""
    _unused, options = parse_options_header(request.headers["content-type"])
    boundary = options[b"boundary"]
    start = re.compile(rb"(?:^|\n)(--%b\r\n)" % re.escape(boundary))
    held: bytearray | None = bytearray()
    async for chunk in request.stream():
        if held is None:
            yield chunk
            continue
        unsearched = max(0, len(held) - len(boundary) - len("\n--\r\n"))
        held += chunk
        found = start.search(held, unsearched)
        if found is not None or len(held) > FIELD_LIMIT_BYTES:
            yield bytes(held[found.start(1) if found else 0 :])
            held = None
    if held:
        yield bytes(held)
