"""A picture's URL -> its bytes, from hosts that were named when the service was started.

What may be asked is decided in `addresses`. The connection goes to an address that was checked
there, by number; the host's name only serves the certificate and the Host header. Proxies of the
environment are not used, cookies neither sent nor kept, nothing is stored.
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
from image_describer.metadata import formats
from image_describer.server.addresses import (
    AllowedHost,
    Place,
    allowed_host,
    is_public,
    parse,
    resolve,
)

BYTES_LIMIT = 20_000_000
TIME_LIMIT_S = 10.0  # from looking up the name to the last byte, redirects included
CONNECT_LIMIT_S = 3.0  # then the host's next address is tried
REDIRECTS_LIMIT = 3
READ_BYTES = 16_384  # at once; many tiny chunks in more would hold up other requests
REDIRECTS = frozenset({301, 302, 303, 307, 308})
BINARY = frozenset(
    {"application/octet-stream", "binary/octet-stream"}
)  # what stores say of any file


class Fetcher:
    """Fetches pictures from ``hosts`` (see `addresses.allowed_host`), and from nowhere else.

    ``judge`` says of an IP address whether it may be connected to. Tests give another one, to
    reach a server of their own; no option and no variable of the environment changes it.
    """

    def __init__(
        self,
        hosts: Sequence[str],
        *,
        judge: Callable[[str], bool] = is_public,
        trust: ssl.SSLContext | None = None,
        seconds: float = TIME_LIMIT_S,
        limit_bytes: int = BYTES_LIMIT,
    ) -> None:
        self._allowed: list[AllowedHost] = [allowed_host(host) for host in hosts]
        self._judge = judge
        self._trust = trust
        self._seconds = seconds
        self._limit_bytes = limit_bytes

    async def fetch(self, url: str) -> bytes:
        """The bytes of the picture at ``url``. Raises UrlError, whose ``status`` tells its kind:
        403 refused, 413 too large, 415 no picture, 502 failed, 504 too slow.
        """
        place = parse(url, self._allowed)
        try:
            return await asyncio.wait_for(self._followed(place), self._seconds)
        except asyncio.TimeoutError as trouble:
            raise UrlSlowError(
                f"The picture did not come within {self._seconds:g} seconds.", "Try again later."
            ) from trouble

    async def _followed(self, place: Place) -> bytes:
        addresses = await resolve(place, self._judge)
        for _ in range(REDIRECTS_LIMIT + 1):
            found = await self._get(place, addresses)
            if isinstance(found, bytes):
                return found
            host = place.host
            place = parse(found, self._allowed)
            if place.host != host:
                raise UrlRefusedError(
                    "That address leads on to another host, which is not followed.",
                    "Give the address where the picture itself lies.",
                )
        raise UrlError(f"That address leads on more than {REDIRECTS_LIMIT} times.")

    async def _get(self, place: Place, addresses: list[str]) -> bytes | str:
        """The picture's bytes, or the URL that the server says to ask instead."""
        events = self._events(place, addresses)
        async with contextlib.aclosing(events):
            body = bytearray()
            try:
                async for event in events:
                    if isinstance(event, h11.Response):
                        if event.status_code in REDIRECTS:
                            return urljoin(place.url, _checked_location(event))
                        self._check(event)
                    elif isinstance(event, h11.Data):
                        body += event.data
                        self._check_size(len(body))
            except (OSError, h11.RemoteProtocolError, EOFError) as trouble:
                raise _failed(trouble) from trouble
        if formats.recognize(bytes(body[: formats.HEAD_BYTES])) is None:
            raise _no_picture()
        return bytes(body)

    async def _events(self, place: Place, addresses: list[str]) -> AsyncGenerator[h11.Event, None]:
        """What the server answers to a GET of ``place``, up to the end of its message."""
        reader, writer = await self._connect(place, addresses)
        try:
            talk = h11.Connection(h11.CLIENT)
            writer.write(talk.send(_request(place)) or b"")
            writer.write(talk.send(h11.EndOfMessage()) or b"")
            while True:
                event = talk.next_event()
                if event is h11.NEED_DATA:
                    talk.receive_data(await reader.read(READ_BYTES))
                    continue
                if not isinstance(event, h11.Event) or isinstance(event, h11.ConnectionClosed):
                    raise EOFError
                yield event
                if isinstance(event, h11.EndOfMessage):
                    return
        finally:
            writer.transport.abort()  # a goodbye would wait for the server's

    async def _connect(
        self, place: Place, addresses: list[str]
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection to the first of ``addresses`` that takes one."""
        trouble: BaseException | None = None
        secure = place.scheme == "https"
        for address in addresses:
            try:
                return await asyncio.wait_for(
                    asyncio.open_connection(
                        address,
                        place.port,
                        limit=READ_BYTES,
                        ssl=(self._trust or _trust()) if secure else None,
                        server_hostname=place.host.strip("[]") if secure else None,
                    ),
                    CONNECT_LIMIT_S,
                )
            except (OSError, asyncio.TimeoutError) as error:
                trouble = error
        raise _failed(trouble) from trouble

    def _check(self, answer: h11.Response) -> None:
        """Raises UrlError unless the answer's head promises a picture that can be taken."""
        if answer.status_code != 200:
            raise UrlError(
                f"The server has no picture there: it answered {answer.status_code}.",
                "Check the address.",
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
                f"That picture is too large: more than {self._limit_bytes // 1_000_000} MB.",
                "Give a smaller one.",
            )


async def fetch(url: str, hosts: Sequence[str]) -> bytes:
    """The bytes of the picture at ``url``, see `Fetcher.fetch`."""
    return await Fetcher(hosts).fetch(url)


@functools.cache
def _trust() -> ssl.SSLContext:
    """Certificates as this system and as Mozilla trust them."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context


def _request(place: Place) -> h11.Request:
    return h11.Request(
        method="GET",
        target=place.target,
        headers=[
            ("Host", place.netloc),
            ("User-Agent", f"image-describer/{__version__}"),
            ("Accept", "image/*"),
            ("Accept-Encoding", "identity"),  # what is unpacked could be a bomb
            ("Connection", "close"),
        ],
    )


def _header(answer: h11.Response, name: bytes) -> str:
    return b", ".join(value for key, value in answer.headers if key == name).decode("latin-1")


def _checked_location(answer: h11.Response) -> str:
    """Where a redirect leads. Raises UrlError for what joining would silently change."""
    location = _header(answer, b"location")
    if not location or not location.isprintable() or not location.isascii():
        raise UrlError("That address leads on to nowhere.")
    return location


def _no_picture() -> UrlNoPictureError:
    known = ", ".join(format_.name for format_ in formats.FORMATS)
    return UrlNoPictureError(
        "What lies at that address is not a picture I can open.", f"I can open {known}."
    )


def _failed(trouble: BaseException | None) -> UrlError:
    if isinstance(trouble, ssl.SSLCertVerificationError):
        return UrlError("The server of that address has no certificate that can be trusted.")
    return UrlError("The picture can't be fetched: its server did not answer properly.")
