"""``GET /wowme?image=URL``: a picture by its URL, answered as attend-and-tell's service did."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from image_describer.server import schemas
from image_describer.server.addresses import URL_LIMIT
from image_describer.server.fetch import Fetcher
from image_describer.server.problems import MEDIA_TYPE, Problem
from image_describer.server.routes import EVERYWHERE

CONFIDENCE = "Image-Describer-Confidence"

router = APIRouter()


class Predicted(BaseModel):
    """What the first system of this family answered, to the letter."""

    caption: str = Field(
        alias="Prediction Caption:", description="The bare caption, without a hedge."
    )


def fetcher(request: Request) -> Fetcher:
    """What fetches for this service. Raises Problem where no hosts were named to fetch from."""
    hosts = request.app.state.settings.url_hosts
    if not hosts:
        raise Problem(
            403,
            "Fetching pictures by URL is off. Whoever runs the service can switch it on: "
            "--allow-url-hosts. Or send the picture itself to /v1/describe.",
        )
    return Fetcher(hosts)


def _problem(what: str) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/ProblemBody"}
    return {"description": what, "content": {MEDIA_TYPE: {"schema": schema}}}


@router.get(
    "/wowme",
    summary="What does the picture at this URL show?",
    response_model=Predicted,
    responses={
        200: {
            "headers": {
                CONFIDENCE: {
                    "description": "How sure the caption is, 0 to 1; below 0.4 likely wrong.",
                    "schema": {"type": "number", "minimum": 0, "maximum": 1},
                }
            }
        },
        **schemas.problems(*EVERYWHERE),
        403: _problem("Pictures are not fetched from there, or not at all."),
        413: _problem("The picture is too large."),
        415: _problem("What lies there is no picture."),
        422: _problem("The picture can't be opened, or there is no URL."),
        502: _problem("The picture could not be fetched."),
        504: _problem("The picture did not come in time."),
    },
)
async def wowme(
    request: Request,
    image: Annotated[str, Query(max_length=URL_LIMIT, description="http or https")],
    fetching: Annotated[Fetcher, Depends(fetcher)],
) -> Response:
    """A caption without its hedge sounds surer than it is: its confidence is in the header
    Image-Describer-Confidence. To have it read to somebody, ask /v1/describe, whose sentence says
    how sure it is.
    """
    picture = await fetching.fetch(image)
    record: dict[str, Any] = await request.app.state.queue.describe(picture)
    request.state.caption = record["sentence"]
    return JSONResponse(
        {"Prediction Caption:": record["caption"]},
        headers={CONFIDENCE: f"{record['confidence']:.3f}"},
    )
