"""macOS: Pillow runs screencapture; the window server tells which window is in front."""

import ctypes
import json
import subprocess
from typing import TYPE_CHECKING

from image_describer.errors import ScreenError
from image_describer.i18n import N_, _

if TYPE_CHECKING:
    from PIL import Image

CORE_GRAPHICS = "/System/Library/Frameworks/CoreGraphics.framework/CoreGraphics"
SCRIPT_LIMIT_S = 20.0
# The windows come from front to back; those of programs are in layer 0, bars and menus above.
FRONT_WINDOW = """\
ObjC.import("CoreGraphics");
const options = $.kCGWindowListOptionOnScreenOnly | $.kCGWindowListExcludeDesktopElements;
const list = $.CGWindowListCopyWindowInfo(options, $.kCGNullWindowID);
const windows = ObjC.deepUnwrap(ObjC.castRefToObject(list));
const front = windows.find(window => window.kCGWindowLayer === 0);
const bounds = front ? front.kCGWindowBounds : null;
JSON.stringify(bounds && [bounds.X, bounds.Y, bounds.X + bounds.Width, bounds.Y + bounds.Height]);
"""  # untranslated

REFUSED = N_("macOS does not allow this program to capture the screen.")
ALLOW_IT = N_(
    "Allow it in System Settings, Privacy & Security, Screen & System Audio Recording; then start "
    "this program again."
)


def capture(window: bool) -> "Image.Image":
    """See the package; of several monitors, the main one. Raises ScreenError."""
    from PIL import ImageGrab

    # Without permission, macOS returns the wallpaper alone, not an error. This also asks the user.
    if not _allowed():
        raise ScreenError(_(REFUSED), _(ALLOW_IT))
    box = active_window() if window else None
    try:
        return ImageGrab.grab(bbox=box)
    except (OSError, subprocess.CalledProcessError) as error:
        raise ScreenError(_(REFUSED), _(ALLOW_IT)) from error


def active_window() -> tuple[int, int, int, int]:
    """Return left, top, right and bottom of the window in front, in points. Raises ScreenError."""
    command = ["osascript", "-l", "JavaScript", "-e", FRONT_WINDOW]
    try:
        done = subprocess.run(
            command, capture_output=True, timeout=SCRIPT_LIMIT_S, check=True, text=True
        )
        left, top, right, bottom = (round(number) for number in json.loads(done.stdout))
    except (OSError, ValueError, TypeError, subprocess.SubprocessError) as error:
        raise ScreenError(
            _("There is no active window."), _("Describe the whole screen instead.")
        ) from error
    return left, top, right, bottom


def _allowed() -> bool:
    try:
        request = ctypes.CDLL(CORE_GRAPHICS).CGRequestScreenCaptureAccess
    except (OSError, AttributeError):  # before macOS 11
        return True
    request.restype = ctypes.c_bool
    return bool(request())
