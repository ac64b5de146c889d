"""Errors as problem JSON (RFC 9457)."""

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
from image_describer.i18n import N_, _

MEDIA_TYPE = "application/problem+json"
DETAIL_LIMIT_CHARACTERS = 1000
METHOD_NOT_ALLOWED, CONFLICT, UNPROCESSABLE, UNAVAILABLE = 405, 409, 422, 503

# For errors without a ``status`` of their own; the first match counts.
STATUSES: tuple[tuple[type[ImageDescriberError], int], ...] = (
    (PictureError, UNPROCESSABLE),
    (LibraryError, CONFLICT),
    (BundleError, CONFLICT),  # for example, a model without a joint space can't match
    (SpeechError, UNAVAILABLE),
    (ImageDescriberError, UNPROCESSABLE),  # an invalid value
)
SENTENCES = {
    404: N_("Nothing was found at this address. See /docs for the list."),
    METHOD_NOT_ALLOWED: N_("This address does not support that method. See /docs for the list."),
}


class Problem(HTTPException):
    """A problem to answer with: its status, one sentence, and headers.

    It is an HTTPException, because FastAPI replaces others that are raised while a body is read.
    """

    def __init__(
        self, status: int, sentence: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(status, sentence, headers)


def body(status: int, sentence: str) -> bytes:
    """Return problem JSON."""
    problem = {
        "type": "about:blank",
        "title": _title(status),
        "status": status,
        "detail": sentence[:DETAIL_LIMIT_CHARACTERS],
    }
    return json.dumps(problem).encode()


def response(status: int, sentence: str, headers: Mapping[str, str] | None = None) -> Response:
    """Return a response with problem JSON."""
    return Response(body(status, sentence), status, headers, MEDIA_TYPE)


def add_handlers(app: FastAPI) -> None:
    """Let ``app`` answer with problem JSON for all errors."""
    app.add_exception_handler(HTTPException, _http_problem)
    app.add_exception_handler(RequestValidationError, _validation_problem)
    app.add_exception_handler(ImageDescriberError, _error_problem)


def _title(status: int) -> str:
    try:
        return http.HTTPStatus(status).phrase
    except ValueError:
        return "Problem"


async def _http_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if request.method == "OPTIONS" and error.status_code == METHOD_NOT_ALLOWED:
        return Response(status_code=204, headers=error.headers)  # its Allow is the answer
    sentence = str(error.detail)
    if sentence == _title(error.status_code):  # the framework's own text: a word or two
        sentence = _(SENTENCES.get(error.status_code, sentence))
    return response(error.status_code, sentence, error.headers)


async def _validation_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return response(UNPROCESSABLE, " ".join(_sentences(error)))


async def _error_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, ImageDescriberError)
    known = next(status for kind, status in STATUSES if isinstance(error, kind))
    status = getattr(error, "status", known)
    headers = {"Retry-After": "1"} if status == UNAVAILABLE else None
    return response(status, str(error), headers)


def _sentences(error: RequestValidationError) -> list[str]:
    sentences = []
    for details in error.errors()[:5]:
        location = ".".join(str(part) for part in details.get("loc", ()))
        sentences.append(f"{location}: {details.get('msg', 'not valid')}.")
    return sentences
