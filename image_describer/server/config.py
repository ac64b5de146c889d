"""What the service was told when it was started."""

from dataclasses import dataclass, field
from pathlib import Path

MEGABYTE = 1_000_000


@dataclass(frozen=True)
class Limits:
    """What one client may cost."""

    body_bytes: int = 20 * MEGABYTE
    request_s: float = 30.0  # from the end of a request's headers to the last byte of its answer
    in_flight: int = 64  # requests that are worked on or wait; beyond it 429


@dataclass(frozen=True)
class ServerConfig:
    """``image-describer serve``'s options. ``token`` is None where none is asked for.

    ``url_hosts`` are the hosts pictures may be fetched from; fetching is off without any.
    ``origins`` are those of web pages that may ask (CORS); the service's own page always may.
    """

    host: str = "127.0.0.1"
    port: int = 8470
    bundle: Path | None = None
    workers: int = 0  # processes that describe; 0 is one a core
    token: bytes | None = field(default=None, repr=False)
    url_hosts: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    names: tuple[str, ...] = ()  # further names this service is called by (the Host header)
    log_captions: bool = False
    online_voice: bool = False
    limits: Limits = Limits()
