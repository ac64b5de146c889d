"""Windows' scaling of the screen: sharp text in the right size, also on a second screen."""

import ctypes
import sys
import tkinter as tk
from collections.abc import Callable

PER_MONITOR_V2 = -4  # DPI_AWARENESS_CONTEXT: Windows scales nothing but frames and menus
PER_MONITOR = 2  # PROCESS_DPI_AWARENESS, before Windows 10 version 1703
POINTS_PER_INCH = 72
LOOK_AFTER_MS = 200  # after the last movement of the window


def be_dpi_aware(platform: str = sys.platform) -> None:
    """Ask Windows for real pixels; it would blur the window otherwise. Call it before Tk starts."""
    if platform != "win32":
        return
    # Not windll, which other systems lack: the calling conventions differ only in 32-bit programs.
    user32 = ctypes.CDLL("user32")
    try:
        set_context = user32.SetProcessDpiAwarenessContext
    except AttributeError:
        pass
    else:
        set_context.argtypes = (ctypes.c_void_p,)
        if set_context(PER_MONITOR_V2):
            return
    try:
        ctypes.CDLL("shcore").SetProcessDpiAwareness(PER_MONITOR)
    except (OSError, AttributeError):  # before Windows 8.1
        user32.SetProcessDPIAware()


def window_dpi(window: tk.Tk) -> int:
    """The dots per inch of the screen that ``window`` is on; 0 where only one is known."""
    if window.tk.call("tk", "windowingsystem") != "win32":
        return 0
    try:
        return int(ctypes.CDLL("user32").GetDpiForWindow(ctypes.c_void_p(int(window.frame(), 16))))
    except (AttributeError, ValueError):
        return 0


class ScalingWatch:
    """Scales Tk anew when ``root`` was moved to a screen with another scaling.

    ``changed()`` is called then. ``dpi(root)`` is `window_dpi`.
    """

    def __init__(
        self,
        root: tk.Tk,
        changed: Callable[[], None],
        dpi: Callable[[tk.Tk], int] = window_dpi,
    ) -> None:
        self._root = root
        self._changed = changed
        self._dpi = dpi
        self._known_dpi = dpi(root)
        self._timer: str | None = None
        if self._known_dpi:
            root.bind("<Configure>", self._on_configure, add="+")

    def _on_configure(self, event: "tk.Event[tk.Misc]") -> None:
        if event.widget is not self._root:
            return
        if self._timer is not None:
            self._root.after_cancel(self._timer)
        self._timer = self._root.after(LOOK_AFTER_MS, self._look)

    def _look(self) -> None:
        self._timer = None
        dpi = self._dpi(self._root)
        if dpi not in (0, self._known_dpi):
            self._known_dpi = dpi
            self._root.tk.call("tk", "scaling", dpi / POINTS_PER_INCH)
            self._changed()
