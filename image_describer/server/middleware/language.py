"""The language of responses: the one that the client prefers."""

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from image_describer import i18n
from image_describer.server.accept import ranges


class LanguageMiddleware:
    """Answers a request in the language of its Accept-Language header."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        header = ""
        if scope["type"] == "http":
            header = ",".join(Headers(scope=scope).getlist("accept-language"))
        with i18n.using(preferred_language(header)):
            await self._app(scope, receive, send)


def preferred_language(header: str) -> str:
    """Return the translated language that a client prefers, by its Accept-Language header.

    If it accepts none of them, that is the language of the service.
    """
    by_quality = sorted(ranges(header), key=lambda item: -item[1])
    for name, quality in by_quality:
        base = name.partition("-")[0]
        if quality > 0 and base in i18n.languages():
            return base
    return i18n.language()
