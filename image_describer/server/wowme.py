"""``GET /wowme?image=URL`` describes a picture by its URL, as attend-and-tell's service did."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from image_describer.captioner.languages import default_language
from image_describer.server import schemas
from image_describer.server.addresses import URL_LIMIT
from image_describer.server.fetch import Fetcher
from image_describer.server.problems import MEDIA_TYPE, Problem
from image_describer.server.routes import COMMON_PROBLEMS

CONFIDENCE = "Image-Describer-Confidence"

router = APIRouter()


class WowmeResponse(BaseModel):
    """The response of attend-and-tell's service, unchanged."""

    caption: str = Field(
        alias="Prediction Caption:", description="The bare caption, without a hedge."
    )


def fetcher(request: Request) -> Fetcher:
    """Return what fetches pictures. Raises Problem if no hosts are allowed."""
    hosts = request.app.state.config.url_hosts
    if not hosts:
        raise Problem(
            403,
            "Fetching pictures by URL is turned off. Start the service with --allow-url-hosts, or "
            "send the picture itself to /v1/describe.",
        )
    return Fetcher(hosts)


def _problem(description: str) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/ProblemSchema"}
    return {"description": description, "content": {MEDIA_TYPE: {"schema": schema}}}


@router.head("/wowme", include_in_schema=False)
@router.get(
    "/wowme",
    summary="Describe the picture at a URL",
    response_model=WowmeResponse,
    responses={
        200: {
            "headers": {
                CONFIDENCE: {
                    "description": "Confidence from 0 to 1; below 0.4 the caption is likely wrong.",
                    "schema": {"type": "number", "minimum": 0, "maximum": 1},
                }
            }
        },
        **schemas.problems(*COMMON_PROBLEMS),
        403: _problem("This address is not allowed, or fetching is turned off."),
        413: _problem("The picture is too large."),
        415: _problem("The URL does not lead to a picture."),
        422: _problem("The picture can't be opened, or the URL is missing."),
        502: _problem("The picture could not be fetched."),
        504: _problem("Fetching the picture took too long."),
    },
)
async def wowme(
    request: Request,
    image: Annotated[str, Query(max_length=URL_LIMIT, description="http or https")],
    picture_fetcher: Annotated[Fetcher, Depends(fetcher)],
) -> Response:
    """The bare caption sounds more certain than it is; the header Image-Describer-Confidence has
    its confidence. For text that is read to people, use /v1/describe: its sentence says how certain
    it is.
    """
    picture = await picture_fetcher.fetch(image)
    state = request.app.state
    language = state.config.language or default_language(state.languages)
    record: dict[str, Any] = await state.queue.describe(picture, language)
    request.state.caption = record["sentence"]
    return JSONResponse(
        {"Prediction Caption:": record["caption"]},
        headers={CONFIDENCE: f"{record['confidence']:.3f}"},
    )
