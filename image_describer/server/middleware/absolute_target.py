"""Requests whose target is a whole URL."""

from urllib.parse import unquote

from starlette.types import ASGIApp, Receive, Scope, Send

SCHEMES = (b"http://", b"https://")


class AbsoluteTargetMiddleware:
    """Replaces a whole URL, which clients that believe in a proxy send, by its path.

    The URL's host counts, not that of the Host header (RFC 9112, 3.2.2).
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["raw_path"].lower().startswith(SCHEMES):
            host, _, path = scope["raw_path"].partition(b"//")[2].partition(b"/")
            others = [(name, value) for name, value in scope["headers"] if name != b"host"]
            scope = {
                **scope,
                "path": unquote(f"/{path.decode()}"),
                "raw_path": b"/" + path,
                "headers": [(b"host", host), *others],
            }
        await self._app(scope, receive, send)
