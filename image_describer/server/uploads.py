"""The picture in a request, and what else its form holds. Nothing of it touches a disk."""

from typing import NamedTuple

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from image_describer.server.problems import Problem
from image_describer.server.schemas import SENTENCES_LIMIT

PICTURE, SENTENCE = "picture", "sentence"
FILES_LIMIT = 4
FIELD_LIMIT_BYTES = 64_000
MULTIPART = "multipart/form-data"
RAW = "application/octet-stream"
NO_KIND = (
    "Send the picture itself, with the header Content-Type: image/jpeg or the like, or a form "
    "(multipart/form-data) with the field picture."
)


class Form(NamedTuple):
    """A picture's file, and sentences beside it."""

    picture: bytes
    sentences: list[str]


class _InMemory(MultiPartParser):
    """Starlette's parser, which else puts larger files on the disk. The body is limited anyhow."""

    spool_max_size = 1 << 40


async def read(request: Request) -> Form:
    """The form of a request, or its raw body. Raises Problem."""
    kind = request.headers.get("content-type", RAW).partition(";")[0].strip().lower()
    if kind == MULTIPART:
        return await _multipart(request)
    if kind != RAW and not kind.startswith("image/"):
        raise Problem(415, NO_KIND)
    return Form(await request.body(), [])


async def _multipart(request: Request) -> Form:
    parser = _InMemory(
        request.headers,
        request.stream(),
        max_files=FILES_LIMIT,
        max_fields=SENTENCES_LIMIT + FILES_LIMIT,
        max_part_size=FIELD_LIMIT_BYTES,
    )
    try:
        form = await parser.parse()
    except MultiPartException as error:
        raise Problem(400, f"That form can't be read: {error.message}") from error
    except (KeyError, ValueError, LookupError) as error:
        raise Problem(400, "That form can't be read: it is put together wrongly.") from error
    try:
        files = [value for value in form.values() if isinstance(value, UploadFile)]
        named = [value for value in form.getlist(PICTURE) if isinstance(value, UploadFile)]
        if not (named or files):
            raise Problem(422, "There is no picture in that form: it has no file.")
        picture = await (named or files)[0].read()
        sentences = [value for value in form.getlist(SENTENCE) if isinstance(value, str)]
        return Form(picture, sentences)
    finally:
        await form.close()
