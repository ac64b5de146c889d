"""``image-describer serve``: describes pictures for other programs, over HTTP."""

import argparse
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from image_describer.cli.console import print_error
from image_describer.cli.options import Subparsers, add_bundle, add_language, whole_number
from image_describer.errors import ServiceError
from image_describer.i18n import N_, _

if TYPE_CHECKING:
    from image_describer.server.config import ServerConfig

DESCRIPTION = N_("""\
Let other programs ask over HTTP what a picture shows: a screen reader add-on, a browser extension,
a script. Only this computer can connect, unless you give --host. In a browser, the printed address
opens a page where you choose a picture and hear what it shows.
""")
EXAMPLES = N_("""\
examples:
  image-describer serve
      Image Describer listens on http://127.0.0.1:8470/. Ctrl+C stops it.
  curl -F picture=@holiday.jpg http://127.0.0.1:8470/v1/describe
      print one JSON object, like image-describer describe --json holiday.jpg
  curl -H 'Accept: audio/mpeg' -F picture=@holiday.jpg http://127.0.0.1:8470/v1/describe \\
      -o holiday.mp3
  curl -H 'Content-Type: application/json' -d '{"words": "a dog in the snow", "limit": 3}' \\
      http://127.0.0.1:8470/v1/search
      search the pictures that 'image-describer batch' has described
  The address /docs lists all requests.

other computers:
  (umask 077; head -c 32 /dev/urandom | base64 > token)
  image-describer serve --host 0.0.0.0 --token-file token --name pictures.example.org
  curl -H "Authorization: Bearer $(cat token)" -F picture=@holiday.jpg ...
      Anyone on the network can read what is sent, so put a TLS server in front.

privacy:
  Nothing leaves this computer and nothing is stored. The log on stderr has no pictures, queries or
  captions (--log-captions adds captions). /v1/search reveals the paths of your pictures. With
  --online-voice, Google receives the sentence, never what the author of a picture wrote.

exit status:
  0    stopped by Ctrl+C or SIGTERM, after finishing the requests in progress
  2    it can't start: the port is in use, the token is missing, the model is damaged, ...
  130  stopped at once by a second Ctrl+C
""")
LIBRARIES = ("fastapi", "uvicorn", "python_multipart", "prometheus_client", "psutil")
LOOPBACK = "127.0.0.1"
PORT = 8470
WORKERS_LIMIT = 256
IN_FLIGHT_LIMIT = 10_000
BODY_LIMIT_MB = 300  # the largest file that imaging.open opens
TIME_LIMIT_S = 600


def add_parser(subparsers: Subparsers) -> None:
    """Add the command and its options."""
    parser = subparsers.add_parser(
        "serve",
        help=_("describe pictures for other programs, over HTTP"),
        description=_(DESCRIPTION),
        epilog=_(EXAMPLES),
    )
    _add_address_options(parser)
    _add_access_options(parser)
    _add_limit_options(parser)
    parser.add_argument(
        "--online-voice",
        action="store_true",
        help=_("speak with Google's voice, which receives the sentence, never the picture"),
    )
    parser.add_argument("--log-captions", action="store_true", help=_("also log captions"))
    add_language(
        parser, _("describe in this language unless asked for another (default: as asked)")
    )
    add_bundle(parser)
    parser.set_defaults(run=run)


def _add_address_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--host",
        default=LOOPBACK,
        metavar=_("ADDRESS"),
        help=_("listen on ADDRESS; 0.0.0.0 or :: for all (default: {loopback})").format(
            loopback=LOOPBACK
        ),
    )
    parser.add_argument(
        "--port",
        type=whole_number(0, 65_535),
        default=PORT,
        metavar="N",
        help=_("listen on port N; 0 for any free one (default: {port})").format(port=PORT),
    )
    parser.add_argument(
        "--workers",
        type=whole_number(1, WORKERS_LIMIT),
        default=0,
        metavar="N",
        help=_("describe in N processes (default: one per core)"),
    )


def _add_access_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--token-file",
        type=Path,
        metavar=_("FILE"),
        help=_("require the token in FILE; needed if other computers can connect"),
    )
    parser.add_argument(
        "--allow-url-hosts",
        nargs="+",
        action="extend",
        default=[],
        metavar=_("HOST"),
        help=_("fetch pictures from HOST for /wowme?image=URL (default: none)"),
    )
    parser.add_argument(
        "--allow-origin",
        nargs="+",
        action="extend",
        type=_origin,
        default=[],
        metavar=_("ORIGIN"),
        help=_("accept requests of web pages from ORIGIN, such as https://example.org"),
    )
    parser.add_argument(
        "--name",
        nargs="+",
        action="extend",
        type=_host_name,
        default=[],
        metavar=_("HOST"),
        help=_("accept requests for this host name"),
    )


def _add_limit_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--max-body",
        type=whole_number(1, BODY_LIMIT_MB),
        default=20,
        metavar="MB",
        help=_("refuse larger requests (default: 20)"),
    )
    parser.add_argument(
        "--time-limit",
        type=whole_number(1, TIME_LIMIT_S),
        default=30,
        metavar="S",
        help=_("give up on a request after S seconds (default: 30)"),
    )
    parser.add_argument(
        "--max-in-flight",
        type=whole_number(1, IN_FLIGHT_LIMIT),
        default=64,
        metavar="N",
        help=_("process N requests at a time, refuse others (default: 64)"),
    )


def run(options: argparse.Namespace) -> int:
    """Serve until stopped and return the exit status. Raises ImageDescriberError."""
    try:
        for name in LIBRARIES:
            import_module(name)
    except ImportError as error:
        raise ServiceError(
            _("The service needs a package that is not installed: {name}.").format(name=error.name),
            _("Run: pip install 'image-describer[server]'"),
        ) from error
    from image_describer.server import run as running
    from image_describer.server import token
    from image_describer.server.middleware import access_control

    settings = _settings(options, token.read(options.token_file))
    if access_control.is_loopback(settings.host):
        return running.serve(settings, _print_address)
    if settings.token is None:
        raise ServiceError(
            _("Other computers can connect to {host}, so a token is needed.").format(
                host=settings.host
            ),
            _("Put one into a file that only you can read, and add --token-file FILE."),
        )
    return running.serve(settings, _warn_and_print_address)


def _settings(options: argparse.Namespace, token: bytes | None) -> "ServerConfig":
    from image_describer.server.config import MEGABYTE, RequestLimits, ServerConfig

    return ServerConfig(
        host=options.host,
        port=options.port,
        bundle=options.bundle,
        language=options.language,
        workers=options.workers,
        token=token,
        url_hosts=tuple(options.allow_url_hosts),
        origins=tuple(options.allow_origin),
        names=tuple(options.name),
        log_captions=options.log_captions,
        online_voice=options.online_voice,
        limits=RequestLimits(
            body_bytes=options.max_body * MEGABYTE,
            request_s=float(options.time_limit),
            in_flight=options.max_in_flight,
        ),
    )


def _print_address(address: str) -> None:
    print(
        _("Image Describer listens on {address}. Ctrl+C stops it.").format(address=address),
        flush=True,
    )


def _warn_and_print_address(address: str) -> None:
    print_error(
        _(
            "Anyone on the network can read what is sent, including the token. Put a TLS server, "
            "such as nginx or Caddy, in front."
        )
    )
    _print_address(address)


def _origin(text: str) -> str:
    from urllib.parse import urlsplit

    try:
        split = urlsplit(text)
    except ValueError:  # unclosed brackets
        split = urlsplit("")
    if not split.scheme or not split.netloc or split.path or split.query or split.fragment:
        raise argparse.ArgumentTypeError(
            _("{text!r} is not an origin such as https://example.org, without a path").format(
                text=text
            )
        )
    return text


def _host_name(text: str) -> str:
    if not text.isascii() or not text.replace("-", "").replace(".", "").replace("_", "").isalnum():
        raise argparse.ArgumentTypeError(
            _(
                "{text!r} is not a host name such as pictures.example.org, without http:// or a "
                "port"
            ).format(text=text)
        )
    return text
