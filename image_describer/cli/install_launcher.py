"""``image-describer install-launcher``: on the desktop, in the menu, in "Open with"; or away."""

import argparse

from image_describer import launcher
from image_describer.cli.console import DONE


def run(options: argparse.Namespace) -> int:
    """Install or remove the launcher; returns the exit status. Raises LauncherError."""
    for sentence in launcher.remove() if options.remove else launcher.install():
        print(sentence)
    return DONE
