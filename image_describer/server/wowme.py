"""``GET /wowme?image=URL``: a picture by its URL, answered as attend-and-tell's service did."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse

from image_describer.server.addresses import URL_LIMIT
from image_describer.server.fetch import Fetcher
from image_describer.server.problems import MEDIA_TYPE, Problem

CONFIDENCE = "Image-Describer-Confidence"

_WAYS_TO_FAIL = {
    403: "Pictures are not fetched from there, or not at all.",
    413: "The picture is too large.",
    415: "What lies there is no picture.",
    422: "The picture can't be opened.",
    502: "The picture could not be fetched.",
    504: "The picture did not come in time.",
}

router = APIRouter()


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


@router.get(
    "/wowme",
    responses={
        200: {
            "description": "The bare caption, without a hedge. How sure it is says the header.",
            "content": {
                "application/json": {
                    "schema": {
                        "type": "object",
                        "properties": {"Prediction Caption:": {"type": "string"}},
                        "required": ["Prediction Caption:"],
                    }
                }
            },
            "headers": {CONFIDENCE: {"schema": {"type": "string"}, "description": "0 to 1"}},
        },
        **{status: {"description": what, "content": {MEDIA_TYPE: {}}}
           for status, what in _WAYS_TO_FAIL.items()},
    },
)  # fmt: skip
async def wowme(
    request: Request,
    image: Annotated[
        str, Query(max_length=URL_LIMIT, description="the picture's URL, http or https")
    ],
    fetching: Annotated[Fetcher, Depends(fetcher)],
) -> JSONResponse:
    """The caption of the picture at a URL, as the first system of this family answered it.

    A caption without its hedge sounds surer than it is: its confidence is in the header
    ``Image-Describer-Confidence``; below 0.4 it is likely wrong. To have it read to somebody, ask
    ``/v1/describe``, whose ``sentence`` says how sure it is.
    """
    record: dict[str, Any] = await request.app.state.crew.describe(await fetching.fetch(image))
    return JSONResponse(
        {"Prediction Caption:": record["caption"]},
        headers={CONFIDENCE: f"{record['confidence']:.3f}"},
    )
