"""Who may ask: by the name the service was called by, the page that asks, and the token."""

import hmac
import ipaddress
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from image_describer.server import problems
from image_describer.server.config import ServerConfig

HEALTH = "/v1/health"
BEARER = b"bearer "
LOOPBACK_NAMES = ("localhost", "localhost.localdomain", "ip6-localhost", "ip6-loopback")

WRONG_NAME = (
    "This service is not called by that name. If it should be, start it with --name and the name."
)
FOREIGN = (
    "A web page from elsewhere may not ask here. If it should, start the service with "
    "--allow-origin and the page's origin."
)
NO_TOKEN = "A token is needed here: send the header Authorization: Bearer TOKEN."
WRONG_TOKEN = "That token is not the right one."


def is_loopback(host: str) -> bool:
    """Whether only this computer reaches ``host``, a name or an address."""
    if host.lower() in LOOPBACK_NAMES:
        return True
    address = _address(host)
    return address is not None and address.is_loopback


class NamesMiddleware:
    """Refuses requests that a foreign web page has made a browser send.

    By the Host header: a page whose own name was made to lead here ("DNS rebinding") asks under
    that name. By Origin and Sec-Fetch-Site: any page may send requests here, and needs no answer
    to do harm.
    """

    def __init__(self, app: ASGIApp, settings: ServerConfig) -> None:
        self._app = app
        self._host = settings.host
        self._names = {name.lower().rstrip(".") for name in settings.names}
        self._origins = {origin.lower() for origin in settings.origins}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            headers = Headers(scope=scope)
            host = headers.get("host", "")
            if host and not self._is_ours(host):
                await problems.response(421, WRONG_NAME)(scope, receive, send)
                return
            if self._is_foreign(scope, headers, host):
                await problems.response(403, FOREIGN)(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _is_ours(self, host: str) -> bool:
        name = _name(host)
        if name is None:
            return False
        if name in self._names or name == self._host.lower() or is_loopback(name):
            return True
        address, bound = _address(name), _address(self._host)
        # Bound to all addresses, it is called by any. An address can't be made to lead elsewhere.
        return address is not None and bound is not None and bound.is_unspecified

    def _is_foreign(self, scope: Scope, headers: Headers, host: str) -> bool:
        origin = headers.get("origin")
        if origin is not None:
            own = origin.partition("://")[2]
            return origin.lower() not in self._origins and not (own and own == host)
        site = headers.get("sec-fetch-site", "none")
        if site in ("none", "same-origin"):
            return False
        # A link on another page may lead to this service's own; a picture in it may not be asked.
        return headers.get("sec-fetch-mode") != "navigate" or scope["method"] not in ("GET", "HEAD")


class TokenMiddleware:
    """Asks for the token, where there is one, except for ``free`` paths."""

    def __init__(self, app: ASGIApp, settings: ServerConfig, free: frozenset[str]) -> None:
        self._app = app
        self._token = settings.token
        self._free = free

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and self._token is not None and scope["path"] not in self._free:
            given = dict(scope["headers"]).get(b"authorization")
            if not self._is_right(given):
                answer = problems.response(
                    401,
                    NO_TOKEN if given is None else WRONG_TOKEN,
                    {"WWW-Authenticate": 'Bearer realm="image-describer"'},
                )
                await answer(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _is_right(self, given: bytes | None) -> bool:
        token = self._token or b""
        if given is None or given[: len(BEARER)].lower() != BEARER:
            return False
        return hmac.compare_digest(given[len(BEARER) :].strip(), token)


def _name(host: str) -> str | None:
    """The name or address in a Host header, without its port; None for nonsense."""
    try:
        split = urlsplit(f"//{host}")
        _ = split.port
    except ValueError:
        return None
    if split.username is not None or split.path or split.query or split.fragment:
        return None
    return split.hostname.rstrip(".") if split.hostname else None


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return None
