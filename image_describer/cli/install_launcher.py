"""``image-describer install-launcher``: the program on the desktop, in menus and in "Open with"."""

import argparse

from image_describer.cli.options import Subparsers
from image_describer.i18n import N_, _

DESCRIPTION = N_("""\
Put Image Describer with its icon on your desktop, into your applications menu and into 'Open with'
for pictures, and say how a key can describe the screen. Other users of this computer don't get it.
Running this twice does no harm.
""")
EXIT_STATUS = N_("""\
exit status:
  0  the launcher was installed or removed
  2  it could not be; stderr says why
""")


def add_parser(subparsers: Subparsers) -> None:
    """Add the command and its options."""
    parser = subparsers.add_parser(
        "install-launcher",
        help=_("put the window on your desktop and into the menus"),
        description=_(DESCRIPTION),
        epilog=_(EXIT_STATUS),
    )
    parser.add_argument(
        "--remove", action="store_true", help=_("remove what this command installed")
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Install or remove the launcher and return the exit status. Raises LauncherError."""
    from image_describer import launcher
    from image_describer.stdio import DONE

    for sentence in launcher.remove() if options.remove else launcher.install():
        print(sentence)
    return DONE
