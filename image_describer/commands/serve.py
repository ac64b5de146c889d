"""``image-describer serve``: the describer for other programs, over HTTP."""

import argparse
from pathlib import Path

from image_describer.commands.options import add_bundle

HELP = """\
Let other programs on this computer, or in your house, ask what a picture shows: by HTTP, without a
network beyond yours. With a browser, open the address that it prints.
"""
EXAMPLES = """\
examples:
  image-describer serve
  curl --data-binary @holiday.jpg -H 'Content-Type: image/jpeg' http://127.0.0.1:8470/v1/describe
"""


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Tell the command line what may be typed after ``serve``."""
    serve = commands.add_parser(
        "serve", help="describe for other programs", description=HELP, epilog=EXAMPLES
    )
    serve.add_argument("--host", default="127.0.0.1", metavar="ADDRESS")
    serve.add_argument("--port", type=int, default=8470, metavar="N")
    serve.add_argument("--workers", type=int, default=0, metavar="N")
    serve.add_argument("--token-file", type=Path, metavar="FILE")
    serve.add_argument("--allow-url-hosts", nargs="+", default=[], metavar="HOST")
    serve.add_argument("--allow-origin", action="append", default=[], metavar="ORIGIN")
    serve.add_argument("--name", action="append", default=[], metavar="HOST")
    add_bundle(serve)


def run(options: argparse.Namespace) -> int:
    """Serve until it is stopped; returns the exit status. Raises ImageDescriberError."""
    import uvicorn

    from image_describer.server.app import create_app
    from image_describer.server.settings import Settings

    settings = Settings(
        host=options.host,
        port=options.port,
        bundle=options.bundle,
        workers=options.workers,
        url_hosts=tuple(options.allow_url_hosts),
        origins=tuple(options.allow_origin),
        names=tuple(options.name),
    )
    uvicorn.run(create_app(settings), host=settings.host, port=settings.port, access_log=False)
    return 0
