"""The routes of the API."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool

from image_describer import __version__
from image_describer.i18n import _
from image_describer.reading.language import language_of
from image_describer.server import schemas, speech, uploads
from image_describer.server.jobs import SearchJob, SpeechJob
from image_describer.server.problems import Problem
from image_describer.server.queue import DescribeQueue
from image_describer.server.schemas import (
    LANGUAGE_LIMIT_CHARACTERS,
    SENTENCE_LIMIT_CHARACTERS,
    SENTENCES_LIMIT,
)
from image_describer.text import number
from image_describer.wording.sentence import NO_TEXT

router = APIRouter()

COMMON_PROBLEMS = (400, 401, 403, 408, 413, 421, 429, 500, 503)
BINARY = {"schema": {"type": "string", "format": "binary"}}
SENTENCES = {
    "type": "array",
    "items": {"type": "string", "maxLength": SENTENCE_LIMIT_CHARACTERS, "pattern": "[A-Za-z0-9]"},
    "maxItems": SENTENCES_LIMIT,
}
LANGUAGE = {"type": "string", "maxLength": LANGUAGE_LIMIT_CHARACTERS}
PICTURE_BODY = {
    uploads.RAW: BINARY,
    "image/*": BINARY,
}


def _body(**fields: Any) -> dict[str, Any]:
    """Return the OpenAPI description of a body that is a picture or a form."""
    form = {
        "type": "object",
        "properties": {uploads.PICTURE: BINARY["schema"], **fields},
        "required": [uploads.PICTURE],
    }
    content = {**PICTURE_BODY, uploads.MULTIPART: {"schema": form}}
    return {"requestBody": {"required": True, "content": content}}


@router.post(
    "/v1/describe",
    summary="Describe a picture",  # untranslated
    response_model=schemas.DescriptionSchema,
    responses={
        200: {"content": dict.fromkeys(speech.FORMATS, BINARY)},
        **schemas.problems(*COMMON_PROBLEMS, 406, 415, 422),
    },
    openapi_extra=_body(language=LANGUAGE),
)
async def describe(
    request: Request,
    language: Annotated[
        str | None,
        Query(
            description="Language of the description and the speech, such as de or en-GB; by "
            "default the first of Accept-Language that the service has, or its own.",
            max_length=LANGUAGE_LIMIT_CHARACTERS,
        ),
    ] = None,
) -> Response:
    """Send the picture as the body, or in a form, which may have a field ``language``. With
    ``Accept: audio/mpeg`` or ``audio/wav`` the answer is the spoken sentence.
    """
    kind = _response_type(request)
    online = request.app.state.config.online_voice
    form = await uploads.read(request)
    chosen = _given_language(request, language, form.language) or speech.choose_language(
        request.app.state.config.language, request.app.state.languages
    )
    queue: DescribeQueue = request.app.state.queue
    record = await queue.describe(form.picture, chosen.code)
    sentence = str(record["sentence"])
    request.state.caption = sentence
    if kind == speech.JSON:
        return JSONResponse(record)
    format_ = speech.FORMATS[kind]
    if online and not speech.is_private(record):
        sound = await run_in_threadpool(speech.spoken_online, sentence, format_, chosen)
    else:
        sound = await queue.speak(SpeechJob(sentence, format_, chosen.code))
    return Response(sound, media_type=kind)


@router.post(
    "/v1/read",
    summary="Read what is written in a picture",  # untranslated
    response_model=schemas.TextResponse,
    responses={
        200: {"content": dict.fromkeys(speech.FORMATS, BINARY)},
        **schemas.problems(*COMMON_PROBLEMS, 406, 415, 422),
    },
    openapi_extra=_body(),
)
async def read(request: Request) -> Response:
    """Send the picture as the body or in a form. With ``Accept: audio/mpeg`` or ``audio/wav`` the
    answer is the spoken text, always by the voice on this computer.
    """
    kind = _response_type(request)
    picture = (await uploads.read(request)).picture
    queue: DescribeQueue = request.app.state.queue
    record = await queue.read(picture)
    if kind == speech.JSON:
        return JSONResponse(record)
    text = record["text"] or _(NO_TEXT)
    sound = await queue.speak(SpeechJob(text, speech.FORMATS[kind], language_of(text)))
    return Response(sound, media_type=kind)


def _given_language(request: Request, *keys: str | None) -> speech.ChosenLanguage | None:
    """Return the language that the first of the ``keys`` which the client gave stands for.

    Raises DescriptionLanguageError if any of them stands for none.
    """
    available = request.app.state.languages
    given = [speech.choose_language(key, available) for key in keys if key is not None]
    return given[0] if given else None


def _response_type(request: Request) -> str:
    """Return the type that the client prefers: JSON or sound. Raises Problem if neither will do."""
    kind = speech.best_media_type(",".join(request.headers.getlist("accept")))
    if kind is None:
        raise Problem(
            406,
            _("The response can be one of: {offered}.").format(offered=", ".join(speech.OFFERED)),
        )
    return kind


@router.post(
    "/v1/match",
    summary="Compare a picture with sentences",  # untranslated
    response_model=schemas.MatchesResponse,
    responses=schemas.problems(*COMMON_PROBLEMS, 409, 415, 422),
    openapi_extra=_body(sentence=SENTENCES, language=LANGUAGE),
)
async def match(
    request: Request,
    sentence: Annotated[
        list[str],
        Query(
            description="A sentence; repeat it, or use the form.",
            json_schema_extra=SENTENCES,
        ),
    ] = [],  # noqa: B006 - FastAPI copies it
    language: Annotated[
        str | None,
        Query(
            description="That of the sentences; by default the one they are in.",
            max_length=LANGUAGE_LIMIT_CHARACTERS,
        ),
    ] = None,
) -> Response:
    """Send the picture as the body, or in a form with a field ``sentence`` for each sentence, and
    perhaps one for the ``language``.
    """
    form = await uploads.read(request)
    sentences = [*sentence, *form.sentences]
    if not sentences:
        raise Problem(422, _("No sentence was given. Add ?sentence= with a sentence."))
    if len(sentences) > SENTENCES_LIMIT or max(map(len, sentences)) > SENTENCE_LIMIT_CHARACTERS:
        raise Problem(
            422,
            _("Send at most {count} sentences of at most {length} characters.").format(
                count=number(SENTENCES_LIMIT), length=number(SENTENCE_LIMIT_CHARACTERS)
            ),
        )
    chosen = _given_language(request, language, form.language)
    code = chosen.code if chosen else None
    scores = await request.app.state.queue.match(form.picture, sentences, code)
    ranked = sorted(zip(scores, sentences, strict=True), key=lambda pair: -pair[0])
    return JSONResponse(
        {"matches": [{"sentence": text, "score": round(score, 4)} for score, text in ranked]}
    )


@router.post(
    "/v1/search",
    summary="Search your own pictures",  # untranslated
    response_model=schemas.SearchResponse,
    responses=schemas.problems(*COMMON_PROBLEMS, 409, 415, 422),
)
async def search(request: Request, search: schemas.SearchRequest) -> Response:
    """Search the pictures that ``image-describer batch`` has described; the best come first."""
    language = _given_language(request, search.language)
    code = language.code if language else None
    job = SearchJob(search.words, tuple(search.within), search.limit, code)
    pictures = await request.app.state.queue.search(job)
    return JSONResponse({"pictures": pictures})


@router.head("/v1/health", include_in_schema=False)
@router.get(
    "/v1/health",
    summary="Check whether pictures can be described now",  # untranslated
    response_model=schemas.HealthResponse,
    responses={503: {"model": schemas.HealthResponse}, **schemas.problems(403, 421)},
)
async def health(request: Request) -> Response:
    """The status is 200 if they can, and 503 while the service starts, stops, or fails."""
    queue: DescribeQueue = request.app.state.queue
    ready = queue.ready.is_set() and not request.app.state.stopping
    status = "stopping" if request.app.state.stopping else "ready" if ready else "starting"
    return JSONResponse({"status": status, "workers": queue.workers}, 200 if ready else 503)


@router.head("/v1/version", include_in_schema=False)
@router.get(
    "/v1/version",
    summary="Show the versions of the program and the model",  # untranslated
    response_model=schemas.VersionResponse,
    responses=schemas.problems(401, 403, 421),
)
async def version(request: Request) -> Response:
    """The program's version, and the model's name and digests."""
    return JSONResponse({"program": __version__, **request.app.state.model})


@router.head("/metrics", include_in_schema=False)
@router.get(
    "/metrics",
    summary="Show metrics for Prometheus",  # untranslated
    response_class=Response,
    responses={
        200: {"content": {"text/plain": {"schema": {"type": "string"}}}},
        **schemas.problems(401, 403, 421),
    },
)
async def metrics(request: Request) -> Response:
    """Metrics in Prometheus's text format."""
    text = await run_in_threadpool(request.app.state.metrics.text)
    return Response(text, media_type="text/plain; version=0.0.4; charset=utf-8")  # untranslated
