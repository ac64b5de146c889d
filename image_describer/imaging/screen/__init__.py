"""Captures the whole screen, of all monitors, or the active window; one module for each system.

The picture stays in memory. Where the system passes it on in a file (Wayland, macOS), the file is
deleted as soon as it is read.
"""

import os
import sys
from typing import TYPE_CHECKING

from image_describer.errors import ScreenError
from image_describer.i18n import N_, _

if TYPE_CHECKING:
    from PIL import Image

BLACK_LEVEL = 16  # grey levels; a panel that is switched off is captured as 0
LIT_SHARE = 1e-5  # of the pixels: a cursor that blinks in a corner may be lit, a line of text not

NO_SCREEN = N_("There is no screen that can be captured.")
START_IN_SESSION = N_("Run this in a desktop session, not over a remote terminal.")
BLACK_SCREEN = N_("The screen is black: a screen curtain may be on.")
BLACK_WINDOW = N_("The window is black: a screen curtain may be on.")
TURN_IT_OFF = N_("Turn it off and try again.")


def capture(*, window: bool = False) -> "Image.Image":
    """Return the screen, or only the active window with its frame.

    May take as long as the user takes to allow it. Raises ScreenError, also for a black screen, of
    which any description would be invented.
    """
    image = _capture(window)
    if is_black(image):
        raise ScreenError(_(BLACK_WINDOW if window else BLACK_SCREEN), _(TURN_IT_OFF))
    return image


def is_black(image: "Image.Image") -> bool:
    """Return whether nothing can be seen on ``image``, except for a few pixels."""
    lit = sum(image.convert("L").histogram()[BLACK_LEVEL:])
    return lit <= LIT_SHARE * image.width * image.height


def _capture(window: bool) -> "Image.Image":
    if sys.platform == "win32":
        from image_describer.imaging.screen import windows

        return windows.capture(window)
    if sys.platform == "darwin":
        from image_describer.imaging.screen import macos

        return macos.capture(window)
    # Before DISPLAY, because X programs also run on Wayland, and see a black screen there.
    if os.environ.get("WAYLAND_DISPLAY") or os.environ.get("XDG_SESSION_TYPE") == "wayland":
        from image_describer.imaging.screen import portal

        return portal.capture(window)
    if os.environ.get("DISPLAY"):
        from image_describer.imaging.screen import x11

        return x11.capture(window)
    raise ScreenError(_(NO_SCREEN), _(START_IN_SESSION))
