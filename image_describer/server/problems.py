"""Errors as problem JSON (RFC 9457): what clients are told when something can't be done."""

import http
import json
from collections.abc import Mapping

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from image_describer.errors import (
    BundleError,
    ImageDescriberError,
    LibraryError,
    PictureError,
    SpeechError,
)

MEDIA_TYPE = "application/problem+json"
DETAIL_LIMIT_CHARACTERS = 1000
UNPROCESSABLE, UNAVAILABLE, CONFLICT = 422, 503, 409

# Of errors that carry no ``status`` themselves; the first that fits counts.
STATUSES: tuple[tuple[type[ImageDescriberError], int], ...] = (
    (PictureError, UNPROCESSABLE),
    (LibraryError, CONFLICT),
    (BundleError, CONFLICT),  # a model without the joint space, say, can't match
    (SpeechError, UNAVAILABLE),
    (ImageDescriberError, UNPROCESSABLE),  # a value that is not allowed
)
SENTENCES = {
    404: "There is nothing at this address. What there is says /docs.",
    405: "That can't be done with this address. What can be done says /docs.",
}


class Problem(HTTPException):
    """A request that can't be answered: its status, one sentence, and headers.

    An HTTPException, because FastAPI hands on no other kind that is raised while a body is read.
    """

    def __init__(
        self, status: int, sentence: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(status, sentence, headers)


def body(status: int, sentence: str) -> bytes:
    """Problem JSON of a status and a sentence."""
    problem = {
        "type": "about:blank",
        "title": _title(status),
        "status": status,
        "detail": sentence[:DETAIL_LIMIT_CHARACTERS],
    }
    return json.dumps(problem).encode()


def response(status: int, sentence: str, headers: Mapping[str, str] | None = None) -> Response:
    """The same as an answer."""
    return Response(body(status, sentence), status, headers, MEDIA_TYPE)


def add_handlers(app: FastAPI) -> None:
    """Let ``app`` answer with problems whatever is raised in it."""
    app.add_exception_handler(HTTPException, _of_http)
    app.add_exception_handler(RequestValidationError, _of_validation)
    app.add_exception_handler(ImageDescriberError, _of_ours)


def _title(status: int) -> str:
    try:
        return http.HTTPStatus(status).phrase
    except ValueError:
        return "Problem"


async def _of_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    sentence = str(error.detail)
    if sentence == _title(error.status_code):  # the framework's own words: a word or two
        sentence = SENTENCES.get(error.status_code, sentence)
    return response(error.status_code, sentence, error.headers)


async def _of_validation(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return response(UNPROCESSABLE, " ".join(_sentences(error)))


async def _of_ours(request: Request, error: Exception) -> Response:
    assert isinstance(error, ImageDescriberError)
    known = next(status for kind, status in STATUSES if isinstance(error, kind))
    status = getattr(error, "status", known)
    headers = {"Retry-After": "1"} if status == UNAVAILABLE else None
    return response(status, str(error), headers)


def _sentences(error: RequestValidationError) -> list[str]:
    told: list[str] = []
    for one in error.errors()[:5]:
        place = ".".join(str(part) for part in one.get("loc", ()))
        told.append(f"{place}: {one.get('msg', 'not valid')}.")
    return told
