"""Access control by the Host header, the origin of web pages, and the token."""

import hmac
import ipaddress
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from image_describer.i18n import N_, _
from image_describer.server import problems
from image_describer.server.config import ServerConfig

HEALTH = "/v1/health"
BEARER = b"bearer "
REALM = 'Bearer realm="image-describer"'  # untranslated
LOOPBACK_NAMES = ("localhost", "localhost.localdomain", "ip6-localhost", "ip6-loopback")

WRONG_NAME = N_("This host name is not allowed. To allow it, start the service with --name HOST.")
FOREIGN_PAGE = N_(
    "Requests from this web page are not allowed. To allow them, start the service with "
    "--allow-origin ORIGIN."
)
NO_TOKEN = N_("A token is required: send the header Authorization: Bearer TOKEN.")
WRONG_TOKEN = N_("The token is wrong.")


def is_loopback(host: str) -> bool:
    """Whether only this computer can reach ``host``, a name or an address."""
    if host.lower() in LOOPBACK_NAMES:
        return True
    address = _address(host)
    return address is not None and address.is_loopback


class OriginMiddleware:
    """Refuses requests that other sites' web pages made a browser send.

    The Host header reveals DNS rebinding, where a page's own name resolves to this computer.
    Origin and Sec-Fetch-Site reveal cross-site requests, which do harm even if the page can't read
    the response.
    """

    def __init__(self, app: ASGIApp, config: ServerConfig) -> None:
        self._app = app
        self._host = config.host
        self._names = {name.lower().rstrip(".") for name in config.names}
        self._origins = {origin.lower() for origin in config.origins}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            headers = Headers(scope=scope)
            host = headers.get("host", "")
            if host and not self._is_own_host(host):
                await problems.response(421, _(WRONG_NAME))(scope, receive, send)
                return
            if self._is_cross_site(scope, headers, host):
                await problems.response(403, _(FOREIGN_PAGE))(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _is_own_host(self, host: str) -> bool:
        name = _name(host)
        if name is None:
            return False
        if name in self._names or name == self._host.lower() or is_loopback(name):
            return True
        address, bound = _address(name), _address(self._host)
        # Bound to all addresses, any address is valid. DNS rebinding needs a name.
        return address is not None and bound is not None and bound.is_unspecified

    def _is_cross_site(self, scope: Scope, headers: Headers, host: str) -> bool:
        origin = headers.get("origin")
        if origin is not None:
            own = origin.partition("://")[2]
            return origin.lower() not in self._origins and not (own and own == host)
        site = headers.get("sec-fetch-site", "none")
        if site in ("none", "same-origin"):
            return False
        # A link on another page may open this service's page, but not a picture or a script.
        return headers.get("sec-fetch-mode") != "navigate" or scope["method"] not in ("GET", "HEAD")


class TokenMiddleware:
    """Requires the token, if there is one, except for ``public`` paths."""

    def __init__(self, app: ASGIApp, config: ServerConfig, public: frozenset[str]) -> None:
        self._app = app
        self._token = config.token
        self._public = public

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if (
            scope["type"] == "http"
            and self._token is not None
            and scope["path"] not in self._public
        ):
            header = dict(scope["headers"]).get(b"authorization")
            if not self._is_valid(header):
                answer = problems.response(
                    401,
                    _(NO_TOKEN) if header is None else _(WRONG_TOKEN),
                    {"WWW-Authenticate": REALM},
                )
                await answer(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _is_valid(self, header: bytes | None) -> bool:
        token = self._token or b""
        if header is None or header[: len(BEARER)].lower() != BEARER:
            return False
        return hmac.compare_digest(header[len(BEARER) :].strip(), token)


def _name(host: str) -> str | None:
    """Return the name or address in a Host header, without its port; None if it is malformed."""
    try:
        split = urlsplit(f"//{host}")
        _unused = split.port
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
