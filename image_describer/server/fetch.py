"""Fetch pictures by URL from the hosts that the service was started with.

`addresses` decides what may be fetched. Connections go to the IP addresses that were checked there;
the host's name is used only for the certificate and the Host header. No proxies, no cookies, and
nothing is stored.
"""

import asyncio
import contextlib
import functools
import ssl
from collections.abc import AsyncGenerator, Callable, Sequence
from urllib.parse import urljoin

import certifi
import h11

from image_describer import __version__
from image_describer.errors import (
    UrlError,
    UrlNoPictureError,
    UrlRefusedError,
    UrlSlowError,
    UrlTooLargeError,
)
from image_describer.i18n import _
from image_describer.metadata import formats
from image_describer.server.addresses import (
    AllowedHost,
    FetchTarget,
    allowed_host,
    is_public,
    parse,
    resolve,
)
from image_describer.text import number

BYTES_LIMIT = 20_000_000
TIME_LIMIT_S = 10.0  # from the name lookup to the last byte, including redirects
CONNECT_LIMIT_S = 3.0  # then the next address is tried
REDIRECTS_LIMIT = 3
READ_BYTES = 16_384  # per read; many tiny chunks in more would delay other requests
REDIRECTS = frozenset({301, 302, 303, 307, 308})
BINARY = frozenset(
    {"application/octet-stream", "binary/octet-stream"}
)  # what file stores send for any file


class Fetcher:
    """Fetches pictures from ``hosts`` only; see `addresses.allowed_host`.

    ``is_allowed_ip`` tells whether an IP address may be used. Tests replace it to reach their own
    server; no option and no environment variable does.
    """

    def __init__(
        self,
        hosts: Sequence[str],
        *,
        is_allowed_ip: Callable[[str], bool] = is_public,
        ssl_context: ssl.SSLContext | None = None,
        limit_s: float = TIME_LIMIT_S,
        limit_bytes: int = BYTES_LIMIT,
    ) -> None:
        self._allowed: list[AllowedHost] = [allowed_host(host) for host in hosts]
        self._is_allowed_ip = is_allowed_ip
        self._ssl_context = ssl_context
        self._limit_s = limit_s
        self._limit_bytes = limit_bytes

    async def fetch(self, url: str) -> bytes:
        """Return the bytes of the picture at ``url``.

        Raises UrlError, whose ``status`` is 403 (refused), 413 (too large), 415 (not a picture),
        502 (failed) or 504 (too slow).
        """
        target = parse(url, self._allowed)
        try:
            return await asyncio.wait_for(self._follow_redirects(target), self._limit_s)
        except asyncio.TimeoutError as error:
            raise UrlSlowError(
                _("Fetching the picture took longer than {seconds} seconds.").format(
                    seconds=number(self._limit_s, 1 if self._limit_s % 1 else 0)
                ),
                _("Try again later."),
            ) from error

    async def _follow_redirects(self, target: FetchTarget) -> bytes:
        addresses = await resolve(target, self._is_allowed_ip)
        for _unused in range(REDIRECTS_LIMIT + 1):
            found = await self._get(target, addresses)
            if isinstance(found, bytes):
                return found
            host = target.host
            target = parse(found, self._allowed)
            if target.host != host:
                raise UrlRefusedError(
                    _("This address redirects to another host, which is not allowed."),
                    _("Use the address of the picture itself."),
                )
        raise UrlError(
            _("This address redirects more than {count} times.").format(count=REDIRECTS_LIMIT)
        )

    async def _get(self, target: FetchTarget, addresses: list[str]) -> bytes | str:
        """Return the picture's bytes, or the URL that the server redirects to."""
        events = self._events(target, addresses)
        async with contextlib.aclosing(events):
            body = bytearray()
            try:
                async for event in events:
                    if isinstance(event, h11.Response):
                        if event.status_code in REDIRECTS:
                            return urljoin(target.url, _checked_location(event))
                        self._check(event)
                    elif isinstance(event, h11.Data):
                        body += event.data
                        self._check_size(len(body))
            except (OSError, h11.RemoteProtocolError, EOFError) as error:
                raise _failed(error) from error
        if formats.recognize(bytes(body[: formats.HEAD_BYTES])) is None:
            raise _no_picture()
        return bytes(body)

    async def _events(
        self, target: FetchTarget, addresses: list[str]
    ) -> AsyncGenerator[h11.Event, None]:
        """Yield the events of the response to a GET request, up to its end."""
        reader, writer = await self._connect(target, addresses)
        try:
            http = h11.Connection(h11.CLIENT)
            writer.write(http.send(_request(target)) or b"")
            writer.write(http.send(h11.EndOfMessage()) or b"")
            while True:
                event = http.next_event()
                if event is h11.NEED_DATA:
                    http.receive_data(await reader.read(READ_BYTES))
                    continue
                if not isinstance(event, h11.Event) or isinstance(event, h11.ConnectionClosed):
                    raise EOFError
                yield event
                if isinstance(event, h11.EndOfMessage):
                    return
        finally:
            writer.transport.abort()  # closing TLS properly would wait for the server

    async def _connect(
        self, target: FetchTarget, addresses: list[str]
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect to the first of ``addresses`` that accepts."""
        last_error: BaseException | None = None
        secure = target.scheme == "https"
        for address in addresses:
            try:
                return await asyncio.wait_for(
                    asyncio.open_connection(
                        address,
                        target.port,
                        limit=READ_BYTES,
                        ssl=(self._ssl_context or _ssl_context()) if secure else None,
                        server_hostname=target.host.strip("[]") if secure else None,
                    ),
                    CONNECT_LIMIT_S,
                )
            except (OSError, asyncio.TimeoutError) as error:
                last_error = error
        raise _failed(last_error) from last_error

    def _check(self, answer: h11.Response) -> None:
        """Raise UrlError unless the headers are those of a picture of an allowed size."""
        if answer.status_code != 200:
            raise UrlError(
                _("The picture's server answered with status {status}.").format(
                    status=answer.status_code
                ),
                _("Check the address."),
            )
        kind = _header(answer, b"content-type").partition(";")[0].strip().lower()
        coding = _header(answer, b"content-encoding").strip().lower()
        if not (kind.startswith("image/") or kind in BINARY) or coding not in ("", "identity"):
            raise _no_picture()
        length = _header(answer, b"content-length")
        self._check_size(int(length[:18]) if length.isdecimal() else 0)

    def _check_size(self, size: int) -> None:
        if size > self._limit_bytes:
            raise UrlTooLargeError(
                _("The picture is larger than {limit} MB.").format(
                    limit=number(self._limit_bytes // 1_000_000)
                ),
                _("Use a smaller picture."),
            )


@functools.cache
def _ssl_context() -> ssl.SSLContext:
    """Trust the certificate authorities of this system and of Mozilla."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context


def _request(target: FetchTarget) -> h11.Request:
    return h11.Request(
        method="GET",
        target=target.path,
        headers=[
            ("Host", target.netloc),
            ("User-Agent", f"image-describer/{__version__}"),
            ("Accept", "image/*"),
            ("Accept-Encoding", "identity"),  # compressed data could be a decompression bomb
            ("Connection", "close"),
        ],
    )


def _header(answer: h11.Response, name: bytes) -> str:
    return b", ".join(value for key, value in answer.headers if key == name).decode("latin-1")


def _checked_location(answer: h11.Response) -> str:
    """Return the target of a redirect. Raises UrlError for what urljoin would silently change."""
    location = _header(answer, b"location")
    if not location or not location.isprintable() or not location.isascii():
        raise UrlError(_("This address redirects to an invalid address."))
    return location


def _no_picture() -> UrlNoPictureError:
    known = ", ".join(format_.name for format_ in formats.FORMATS)
    return UrlNoPictureError(
        _("This address does not lead to a picture I can open."),
        _("I can open {formats}.").format(formats=known),
    )


def _failed(error: BaseException | None) -> UrlError:
    if isinstance(error, ssl.SSLCertVerificationError):
        return UrlError(_("The certificate of the picture's server is not trusted."))
    return UrlError(_("The picture's server did not send a valid response."))
