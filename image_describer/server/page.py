"""The web page at ``/``, its files, and the page for programs at ``/docs``.

Nothing in them comes from elsewhere or runs inline, and the policy they are sent with says so.
"""

import functools
import hashlib
import html
from collections.abc import Callable
from string import Template

from fastapi import APIRouter, Request, Response

from image_describer.imaging.open import PICTURE_SUFFIXES
from image_describer.paths import assets_folder
from image_describer.server import docs
from image_describer.server.config import ServerConfig
from image_describer.wording import details

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' blob: data:",
        "media-src blob:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",  # no text ever becomes markup
        "trusted-types 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-cache",  # kept by browsers, but asked for again: a new version shows
}
HTML = "text/html; charset=utf-8"
# Address, file in the folder of assets, type.
FILES = (
    ("/page.css", "page/page.css", "text/css; charset=utf-8"),
    ("/page.js", "page/page.js", "text/javascript; charset=utf-8"),
    ("/icon.svg", "icon.svg", "image/svg+xml"),
    ("/favicon.ico", "icon.png", "image/png"),  # what browsers ask for unasked
)
# What anyone may have, without the token: there is nothing of anybody's in it.
PATHS = frozenset({"/", "/docs", "/openapi.json", *(address for address, _, _ in FILES)})

NOTHING_KEPT = "The service keeps neither it nor its description."
CAPTIONS_KEPT = "The service does not keep it, but its log does keep what was said of it."
OFFLINE = "What you hear is made by the service itself, without the internet."
ONLINE = (
    "What you hear may be made by Google: the service sends the sentence there, never the picture."
)

router = APIRouter(include_in_schema=False)


@router.api_route("/", methods=["GET", "HEAD"])
async def start(request: Request) -> Response:
    """The page for people."""
    return _answer(request, _start(request.app.state.config), HTML)


@router.api_route("/docs", methods=["GET", "HEAD"])
async def for_programs(request: Request) -> Response:
    """The page for programs: what OpenAPI says, to be read."""
    return _answer(request, docs.page(request.app.openapi()).encode(), HTML)


def _file(name: str, kind: str) -> Callable[[Request], Response]:
    def serve(request: Request) -> Response:
        return _answer(request, _asset(name), kind)

    return serve


for _address, _name, _kind in FILES:
    router.add_api_route(_address, _file(_name, _kind), methods=["GET", "HEAD"])


def _answer(request: Request, content: bytes, kind: str) -> Response:
    """``content``, or 304 where the browser has it."""
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    headers = {**HEADERS, "ETag": tag}
    known = request.headers.get("if-none-match", "")
    if tag in (one.strip().removeprefix("W/") for one in known.split(",")):
        return Response(status_code=304, headers=headers)
    return Response(content, headers=headers, media_type=kind)


@functools.cache
def _asset(name: str) -> bytes:
    return assets_folder().joinpath(name).read_bytes()


def _start(config: ServerConfig) -> bytes:
    text = Template(_asset("page/index.html").decode()).substitute(
        limit_bytes=config.limits.body_bytes,
        accept=html.escape(",".join(("image/*", *PICTURE_SUFFIXES))),
        nameless=html.escape(" ".join(sorted(details.NOT_OBJECTS))),
        things=html.escape(" ".join(sorted(details.NOUNS_IN_ING))),
        kept=CAPTIONS_KEPT if config.log_captions else NOTHING_KEPT,
        voice=ONLINE if config.online_voice else OFFLINE,
    )
    return text.encode()
