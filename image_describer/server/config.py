"""The configuration of the service."""

from dataclasses import dataclass, field
from pathlib import Path

MEGABYTE = 1_000_000


@dataclass(frozen=True)
class RequestLimits:
    """Limits for requests."""

    body_bytes: int = 20 * MEGABYTE
    request_s: float = 30.0  # from the end of the headers to the last byte of the response
    in_flight: int = 64  # requests that are processed or wait; more get 429


@dataclass(frozen=True)
class ServerConfig:
    """The options of ``image-describer serve``. ``token`` is None if none is required.

    ``language`` is the one to describe in for clients that don't give one; None for the one that
    they prefer, or the program's. Pictures may be fetched from ``url_hosts`` only. ``origins`` are
    those of web pages that may send requests (CORS); the service's own page always may.
    """

    host: str = "127.0.0.1"
    port: int = 8470
    bundle: Path | None = None
    language: str | None = None
    workers: int = 0  # describing processes; 0 is one per core
    token: bytes | None = field(default=None, repr=False)
    url_hosts: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    names: tuple[str, ...] = ()  # further host names of this service
    log_captions: bool = False
    online_voice: bool = False
    limits: RequestLimits = RequestLimits()
