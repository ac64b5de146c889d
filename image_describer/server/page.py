"""The web page at ``/``, its files, and the page for developers at ``/docs``.

They load nothing from elsewhere and run nothing inline, which their security policy enforces.
"""

import functools
import hashlib
import html
import json
from collections.abc import Callable
from string import Template

from fastapi import APIRouter, Request, Response

from image_describer.captioner import nouns
from image_describer.i18n import N_, _, language
from image_describer.metadata.formats import PICTURE_SUFFIXES
from image_describer.paths import assets_folder
from image_describer.server import docs, page_words
from image_describer.server.config import ServerConfig

POLICY = "; ".join(
    (
        "default-src 'none'",  # untranslated
        "script-src 'self'",  # untranslated
        "style-src 'self'",  # untranslated
        "img-src 'self' blob: data:",  # untranslated
        "media-src blob:",  # untranslated
        "connect-src 'self'",  # untranslated
        "base-uri 'none'",  # untranslated
        "form-action 'none'",  # untranslated
        "frame-ancestors 'none'",  # untranslated
        "require-trusted-types-for 'script'",  # untranslated  # no text ever becomes markup
        "trusted-types 'none'",  # untranslated
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Vary": "Accept-Language",
    "Cache-Control": "no-cache",  # browsers revalidate, so that a new version shows at once
}
HTML = "text/html; charset=utf-8"  # untranslated
# Address, file in the folder of assets, type.
FILES = (
    ("/page.css", "page/page.css", "text/css; charset=utf-8"),  # untranslated
    ("/page.js", "page/page.js", "text/javascript; charset=utf-8"),  # untranslated
    ("/icon.svg", "icon.svg", "image/svg+xml"),
    ("/favicon.ico", "icon.png", "image/png"),  # browsers request it by default
)
# Public without the token: they contain no user data.
PATHS = frozenset({"/", "/docs", "/openapi.json", *(address for address, _, _ in FILES)})

NOTHING_KEPT = N_("The service stores neither the picture nor its description.")
CAPTIONS_KEPT = N_("The service does not store the picture, but its log contains the description.")
OFFLINE = N_("The service makes the speech itself, without the internet.")
ONLINE = N_("Google may make the speech: the service sends it the sentence, never the picture.")

router = APIRouter(include_in_schema=False)


@router.api_route("/", methods=["GET", "HEAD"])
async def start_page(request: Request) -> Response:
    """The page that describes pictures."""
    return _response(request, _start_page(request.app.state.config), HTML)


@router.api_route("/docs", methods=["GET", "HEAD"])
async def developer_page(request: Request) -> Response:
    """The OpenAPI description as a page."""
    return _response(request, docs.page(request.app.openapi()).encode(), HTML)


def _file(name: str, kind: str) -> Callable[[Request], Response]:
    def serve(request: Request) -> Response:
        return _response(request, _asset(name), kind)

    return serve


for _address, _name, _kind in FILES:
    router.add_api_route(_address, _file(_name, _kind), methods=["GET", "HEAD"])


def _response(request: Request, content: bytes, kind: str) -> Response:
    """Return ``content``, or 304 if the browser has it."""
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    headers = {**HEADERS, "ETag": tag}
    known = request.headers.get("if-none-match", "")
    if tag in (known_tag.strip().removeprefix("W/") for known_tag in known.split(",")):
        return Response(status_code=304, headers=headers)
    return Response(content, headers=headers, media_type=kind)


@functools.cache
def _asset(name: str) -> bytes:
    return assets_folder().joinpath(name).read_bytes()


def _start_page(config: ServerConfig) -> bytes:
    words = {name: html.escape(text) for name, text in page_words.for_template().items()}
    key = f'<kbd id="paste-key">{html.escape(_(page_words.PASTE_KEY))}</kbd>'
    text = Template(_asset("page/index.html").decode()).substitute(
        {**words, "drop": words["drop"].format(key=key)},
        language=language(),
        words=html.escape(json.dumps(page_words.for_script())),
        limit_bytes=config.limits.body_bytes,
        accept=html.escape(",".join(("image/*", *PICTURE_SUFFIXES))),
        nameless=html.escape(" ".join(sorted(nouns.NOT_OBJECTS))),
        things=html.escape(" ".join(sorted(nouns.NOUNS_IN_ING))),
        before_of=html.escape(" ".join(sorted(nouns.BEFORE_OF))),
        kept=html.escape(_(CAPTIONS_KEPT if config.log_captions else NOTHING_KEPT)),
        voice=html.escape(_(ONLINE if config.online_voice else OFFLINE)),
    )
    return text.encode()
