"""Reading the picture and the form of a request, in memory only."""

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
UNSUPPORTED_TYPE = (
    "Send the picture as the body, with a header such as Content-Type: image/jpeg, or in the field "
    "picture of a form (multipart/form-data)."
)


class PictureForm(NamedTuple):
    """A picture's file and the sentences of the form."""

    picture: bytes
    sentences: list[str]


class _InMemoryParser(MultiPartParser):
    """Starlette's parser, which would write larger files to the disk. Bodies are limited."""

    spool_max_size = 1 << 40


async def read(request: Request) -> PictureForm:
    """Return the form of a request, or its raw body. Raises Problem."""
    kind = request.headers.get("content-type", RAW).partition(";")[0].strip().lower()
    if kind == MULTIPART:
        return await _multipart(request)
    if kind != RAW and not kind.startswith("image/"):
        raise Problem(415, UNSUPPORTED_TYPE)
    return PictureForm(await request.body(), [])


async def _multipart(request: Request) -> PictureForm:
    parser = _InMemoryParser(
        request.headers,
        request.stream(),
        max_files=FILES_LIMIT,
        max_fields=SENTENCES_LIMIT + FILES_LIMIT,
        max_part_size=FIELD_LIMIT_BYTES,
    )
    try:
        form = await parser.parse()
    except MultiPartException as error:
        raise Problem(400, f"The form can't be read: {error.message}") from error
    except (KeyError, ValueError, LookupError) as error:
        raise Problem(400, "The form can't be read: it is malformed.") from error
    try:
        files = [value for value in form.values() if isinstance(value, UploadFile)]
        named = [value for value in form.getlist(PICTURE) if isinstance(value, UploadFile)]
        if not (named or files):
            raise Problem(422, "The form has no file.")
        picture = await (named or files)[0].read()
        sentences = [value for value in form.getlist(SENTENCE) if isinstance(value, str)]
        return PictureForm(picture, sentences)
    finally:
        await form.close()
