"""``image-describer serve``: the describer for other programs, over HTTP."""

import argparse
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from image_describer.cli.options import add_bundle
from image_describer.errors import ServiceError

if TYPE_CHECKING:
    from image_describer.server.config import Settings

HELP = """\
Let other programs ask, by HTTP, what a picture shows: a screen reader's add-on, a browser
extension, a script. Only this computer can ask, unless --host says otherwise. In a browser, the
address that it prints is a page where you choose a picture and hear what it shows.
"""
EXAMPLES = """\
examples:
  image-describer serve
      Image Describer listens on http://127.0.0.1:8470/. Ctrl+C stops it.
  curl -H 'Content-Type: image/jpeg' --data-binary @holiday.jpg \\
      http://127.0.0.1:8470/v1/describe
      one JSON object, as of: image-describer describe --json holiday.jpg
  curl -F picture=@holiday.jpg http://127.0.0.1:8470/v1/describe
      the same, as a web page's form sends it
  curl -H 'Accept: audio/mpeg' -F picture=@holiday.jpg http://127.0.0.1:8470/v1/describe \\
      -o holiday.mp3
      the sentence, spoken; audio/wav is there, too, and ?language=en-GB
  curl -F picture=@holiday.jpg -F 'sentence=a dog in the snow' -F 'sentence=a beach' \\
      http://127.0.0.1:8470/v1/match
  curl -H 'Content-Type: application/json' -d '{"words": "a dog in the snow", "limit": 3}' \\
      http://127.0.0.1:8470/v1/search
      your own pictures that 'image-describer batch' has described
  curl http://127.0.0.1:8470/v1/health
      200 when it can describe, 503 while it can't; /v1/version, /metrics and /docs are there, too
  image-describer serve --allow-url-hosts photos.example.org
  curl 'http://127.0.0.1:8470/wowme?image=https://photos.example.org/dog.jpg'
      {"Prediction Caption:": "..."}; pictures are fetched from these hosts only

other computers:
  (umask 077; head -c 32 /dev/urandom | base64 > token)
  image-describer serve --host 0.0.0.0 --token-file token --name pictures.example.org
  curl -H "Authorization: Bearer $(cat token)" -F picture=@holiday.jpg ...
      Whoever listens on the network can read what is sent: put a server with TLS in front.

privacy:
  Nothing leaves this computer, and nothing is kept. The log on stderr has no picture, no caption
  and no query, unless --log-captions asks for captions. /v1/search tells who may ask where your
  pictures lie. With --online-voice, Google reads the sentence; never what a picture's author wrote.

exit status:
  0  it was stopped by Ctrl+C or SIGTERM, and has finished what was in flight
  2  it can't start: the port is taken, the token is missing, the model is damaged, ...
  130  a second Ctrl+C ended it at once
"""
LIBRARIES = ("fastapi", "uvicorn", "python_multipart", "prometheus_client", "psutil")
LOOPBACK = "127.0.0.1"
PORT = 8470
WORKERS_LIMIT = 256
IN_FLIGHT_LIMIT = 10_000
BODY_LIMIT_MB = 300  # what picture.py opens at most
TIME_LIMIT_S = 600


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Tell the command line what may be typed after ``serve``."""
    serve = commands.add_parser(
        "serve", help="describe for other programs, by HTTP", description=HELP, epilog=EXAMPLES
    )
    _add_place(serve)
    _add_access(serve)
    _add_limits(serve)
    serve.add_argument(
        "--online-voice",
        action="store_true",
        help="speech by Google's voice: the sentence is sent to Google, never the picture",
    )
    serve.add_argument("--log-captions", action="store_true", help="log what was said, too")
    add_bundle(serve)


def _add_place(serve: argparse.ArgumentParser) -> None:
    serve.add_argument(
        "--host",
        default=LOOPBACK,
        metavar="ADDRESS",
        help=f"listen here ({LOOPBACK}: only this computer); 0.0.0.0 or :: for all",
    )
    serve.add_argument(
        "--port", type=_number(0, 65_535), default=PORT, metavar="N", help=f"({PORT}); 0 for any"
    )
    serve.add_argument(
        "--workers",
        type=_number(1, WORKERS_LIMIT),
        default=0,
        metavar="N",
        help="processes that describe (one a core)",
    )


def _add_access(serve: argparse.ArgumentParser) -> None:
    serve.add_argument(
        "--token-file",
        type=Path,
        metavar="FILE",
        help="ask for the token in FILE; needed where other computers can ask",
    )
    serve.add_argument(
        "--allow-url-hosts",
        nargs="+",
        action="extend",
        default=[],
        metavar="HOST",
        help="fetch pictures from these hosts: /wowme?image=URL (from none)",
    )
    serve.add_argument(
        "--allow-origin",
        nargs="+",
        action="extend",
        type=_origin,
        default=[],
        metavar="ORIGIN",
        help="let web pages from here ask, such as https://example.org (its own only)",
    )
    serve.add_argument(
        "--name",
        nargs="+",
        action="extend",
        type=_host_name,
        default=[],
        metavar="HOST",
        help="further names that it is called by",
    )


def _add_limits(serve: argparse.ArgumentParser) -> None:
    serve.add_argument(
        "--max-body",
        type=_number(1, BODY_LIMIT_MB),
        default=20,
        metavar="MB",
        help="the largest request (20)",
    )
    serve.add_argument(
        "--time-limit",
        type=_number(1, TIME_LIMIT_S),
        default=30,
        metavar="S",
        help="seconds that a request may take (30)",
    )
    serve.add_argument(
        "--max-in-flight",
        type=_number(1, IN_FLIGHT_LIMIT),
        default=64,
        metavar="N",
        help="requests at a time; others are told to come again (64)",
    )


def run(options: argparse.Namespace) -> int:
    """Serve until it is stopped; returns the exit status. Raises ImageDescriberError."""
    try:
        for name in LIBRARIES:
            import_module(name)
    except ImportError as error:
        from image_describer.errors import ImageDescriberError

        raise ImageDescriberError(
            f"The service needs what is not installed ({error.name}).",
            "Run: pip install 'image-describer[server]'",
        ) from error
    from image_describer.server import run as running
    from image_describer.server import token
    from image_describer.server.middleware import access

    settings = _settings(options, token.read(options.token_file))
    if access.is_loopback(settings.host):
        return running.serve(settings, _tell_address)
    if settings.token is None:
        raise ServiceError(
            f"On {settings.host} other computers can ask, so a token is needed.",
            "Put one into a file that only you can read, and add --token-file FILE.",
        )
    return running.serve(settings, _warn_and_tell_address)


def _settings(options: argparse.Namespace, token: bytes | None) -> "Settings":
    from image_describer.server.config import MEGABYTE, Limits, Settings

    return Settings(
        host=options.host,
        port=options.port,
        bundle=options.bundle,
        workers=options.workers,
        token=token,
        url_hosts=tuple(options.allow_url_hosts),
        origins=tuple(options.allow_origin),
        names=tuple(options.name),
        log_captions=options.log_captions,
        online_voice=options.online_voice,
        limits=Limits(
            body_bytes=options.max_body * MEGABYTE,
            request_s=float(options.time_limit),
            in_flight=options.max_in_flight,
        ),
    )


def _tell_address(address: str) -> None:
    print(f"Image Describer listens on {address}. Ctrl+C stops it.", flush=True)


def _warn_and_tell_address(address: str) -> None:
    from image_describer.cli.console import complain

    complain(
        "What is sent can be read on the way, the token, too: put a server with TLS in front "
        "(nginx, Caddy)."
    )
    _tell_address(address)


def _number(least: int, most: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        if not text.isdecimal() or not least <= int(text[:9]) <= most:
            raise argparse.ArgumentTypeError(f"{text!r} is no number from {least} to {most:,}")
        return int(text)

    return number


def _origin(text: str) -> str:
    from urllib.parse import urlsplit

    try:
        split = urlsplit(text)
    except ValueError:  # brackets that are not closed
        split = urlsplit("")
    if not split.scheme or not split.netloc or split.path or split.query or split.fragment:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no origin, such as https://example.org, without a path"
        )
    return text


def _host_name(text: str) -> str:
    if not text.isascii() or not text.replace("-", "").replace(".", "").replace("_", "").isalnum():
        raise argparse.ArgumentTypeError(
            f"{text!r} is no name, such as pictures.example.org, without http:// and a port"
        )
    return text
