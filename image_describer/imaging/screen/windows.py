"""Windows: Pillow captures all monitors; the desktop window manager tells where a window is."""

import ctypes
from typing import TYPE_CHECKING

from image_describer.errors import ScreenError
from image_describer.i18n import _

if TYPE_CHECKING:
    from PIL import Image

EXTENDED_FRAME_BOUNDS = 9  # DWMWINDOWATTRIBUTE: without the invisible border, in real pixels


def capture(window: bool) -> "Image.Image":
    """See the package. Raises ScreenError."""
    from PIL import ImageGrab

    box = active_window() if window else None
    try:
        return ImageGrab.grab(bbox=box, all_screens=True)
    except OSError as error:
        raise ScreenError(
            _("Windows does not allow the screen to be captured now."),
            _("Unlock it, answer any question of the User Account Control, and try again."),
        ) from error


def active_window() -> tuple[int, int, int, int]:
    """Return left, top, right and bottom of the active window in pixels. Raises ScreenError."""
    from ctypes import wintypes

    # Not windll, which other systems lack: the calling conventions differ only in 32-bit programs.
    user32, dwmapi = ctypes.CDLL("user32"), ctypes.CDLL("dwmapi")
    user32.GetForegroundWindow.restype = wintypes.HWND
    handle = user32.GetForegroundWindow()
    box = wintypes.RECT()
    failed = not handle or dwmapi.DwmGetWindowAttribute(
        wintypes.HWND(handle), EXTENDED_FRAME_BOUNDS, ctypes.byref(box), ctypes.sizeof(box)
    )
    if failed or box.left >= box.right or box.top >= box.bottom:
        raise ScreenError(_("There is no active window."), _("Describe the whole screen instead."))
    return box.left, box.top, box.right, box.bottom
