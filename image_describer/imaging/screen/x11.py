"""X11: Pillow captures the screen; the active window is found through libxcb.

libxcb, because it is wherever X11 is, and knows every kind of entry in ~/.Xauthority.
"""

import ctypes
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from image_describer.errors import ScreenError
from image_describer.i18n import N_, _

if TYPE_CHECKING:
    from PIL import Image

Box = tuple[int, int, int, int]
"""Left, top, right and bottom in pixels of the whole screen."""

NO_WINDOW_IDS = (0, 1)  # no focus, and the focus of whatever is under the pointer
REPLY_BYTES = 32  # of every reply, without what follows it
ANY_TYPE = 0
FRAME_EXTENTS = "_GTK_FRAME_EXTENTS"  # left, right, top, bottom: the shadow around the window

NO_WINDOW = N_("There is no active window.")
CAPTURE_ALL = N_("Describe the whole screen instead.")


def capture(window: bool) -> "Image.Image":
    """See the package. Raises ScreenError."""
    from PIL import ImageGrab

    display = os.environ["DISPLAY"]
    box = active_window() if window else None
    try:
        image = ImageGrab.grab(xdisplay=display)
    except OSError as error:
        raise no_answer() from error
    if box is None:
        return image
    left, top, right, bottom = box
    on_screen = max(0, left), max(0, top), min(image.width, right), min(image.height, bottom)
    if on_screen[0] >= on_screen[2] or on_screen[1] >= on_screen[3]:
        raise ScreenError(_("The active window is not on the screen."), _(CAPTURE_ALL))
    return image.crop(on_screen)


def no_answer() -> ScreenError:
    """The error for a display that can't be used."""
    return ScreenError(
        _("The display '{display}' does not answer.").format(display=os.environ.get("DISPLAY", "")),
        _("Check the variable DISPLAY, and whether you may use that display."),
    )


def active_window() -> Box:
    """Return the box of the active window with its frame, without its shadow.

    It may extend beyond the screen. Raises ScreenError.
    """
    with _connection() as request:
        window = _active(request)
        shadow = _property(request, window, FRAME_EXTENTS) or (0, 0, 0, 0)
        # The frame that the window manager has put around it is the child of the root.
        while True:
            root, parent = struct.unpack_from("=II", request("query_tree", window), 8)
            if parent in (0, root):
                break
            window = parent
        x, y, width, height, border = struct.unpack_from(
            "=hhHHH", request("get_geometry", window), 12
        )
    left, right, top, bottom = shadow
    width, height = width + 2 * border, height + 2 * border
    return x + left, y + top, x + width - right, y + height - bottom


def _active(request: "_Request") -> int:
    """The id of the active window: the window manager's word or, without one, the focus."""
    (root,) = struct.unpack_from("=I", request("get_geometry", request.root), 8)
    active = _property(request, root, "_NET_ACTIVE_WINDOW")
    if active is None:
        active = struct.unpack_from("=I", request("get_input_focus"), 8)
    window = active[0] if active else 0
    if window in NO_WINDOW_IDS or window == root:
        raise ScreenError(_(NO_WINDOW), _(CAPTURE_ALL))
    return int(window)


def _property(request: "_Request", window: int, name: str) -> tuple[int, ...] | None:
    """The 32-bit numbers of a window's property; None if it has no such property."""
    encoded = name.encode()
    (atom,) = struct.unpack_from("=I", request("intern_atom", 0, len(encoded), encoded), 8)
    reply = request("get_property", 0, window, atom, ANY_TYPE, 0, 4)
    (count,) = struct.unpack_from("=I", reply, 16)
    if reply[1] != 32 or not count:
        return None
    return struct.unpack_from(f"={count}I", reply, REPLY_BYTES)


class _RootsIterator(ctypes.Structure):
    _fields_ = (("data", ctypes.c_void_p), ("rem", ctypes.c_int), ("index", ctypes.c_int))


class _Request:
    """Sends requests of the X protocol; a call returns the whole reply as bytes.

    ``root``: the id of the root window. Raises ScreenError, also for a window that has just gone.
    """

    def __init__(self, xcb: Any, connection: ctypes.c_void_p) -> None:
        self._xcb = xcb
        self._connection = connection
        xcb.xcb_get_setup.restype = ctypes.c_void_p
        xcb.xcb_setup_roots_iterator.restype = _RootsIterator
        setup = ctypes.c_void_p(xcb.xcb_get_setup(connection))
        roots = xcb.xcb_setup_roots_iterator(setup)
        self.root = ctypes.cast(roots.data, ctypes.POINTER(ctypes.c_uint32))[0]

    def __call__(self, name: str, *arguments: int | bytes) -> bytes:
        sequence = getattr(self._xcb, f"xcb_{name}")(self._connection, *arguments)
        wait = getattr(self._xcb, f"xcb_{name}_reply")
        wait.restype = ctypes.c_void_p
        reply = wait(self._connection, sequence, None)
        if not reply:
            raise ScreenError(_(NO_WINDOW), _(CAPTURE_ALL))
        try:
            (words,) = struct.unpack_from("=I", ctypes.string_at(reply, REPLY_BYTES), 4)
            return ctypes.string_at(reply, REPLY_BYTES + 4 * words)
        finally:
            _free(reply)


def _free(pointer: int) -> None:
    ctypes.CDLL(None).free(ctypes.c_void_p(pointer))


@contextmanager
def _connection() -> Iterator[_Request]:
    """A connection to the display, for the time of the block. Raises ScreenError."""
    try:
        xcb = ctypes.CDLL("libxcb.so.1")
    except OSError as error:
        raise ScreenError(
            _("The active window can't be found, because the library libxcb is missing."),
            _(CAPTURE_ALL),
        ) from error
    xcb.xcb_connect.restype = ctypes.c_void_p
    connection = ctypes.c_void_p(xcb.xcb_connect(None, None))
    try:
        if xcb.xcb_connection_has_error(connection):
            raise no_answer()
        yield _Request(xcb, connection)
    finally:
        xcb.xcb_disconnect(connection)
