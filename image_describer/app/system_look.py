"""Asks the system whether windows shall be light, dark or in high contrast."""

import contextlib
import subprocess
import sys

from image_describer.app.theme import Look

PORTAL_SETTINGS = "org.freedesktop.portal.Settings"
APPEARANCE = "org.freedesktop.appearance"  # contrast 1: high; color-scheme 1: dark
LIMIT_S = 1.0
THEMES_KEY = r"Software\Microsoft\Windows\CurrentVersion\Themes\Personalize"
CONTRAST_KEY = r"Control Panel\Accessibility\HighContrast"  # untranslated
CONTRAST_ON = 1  # a bit of its Flags


def ask() -> Look:
    """Return the system's choice, or "light" if it can't be found out. May take `LIMIT_S`."""
    if sys.platform == "win32":
        return _ask_windows()
    if sys.platform == "darwin":
        return _ask_macos()
    return _ask_portal() or _ask_gsettings()


def _ask_portal() -> Look | None:
    from jeepney import DBusAddress, MessageType, new_method_call
    from jeepney.io.blocking import open_dbus_connection

    from image_describer.imaging.screen.portal import BUS_NAME, OBJECT

    address = DBusAddress(OBJECT, BUS_NAME, PORTAL_SETTINGS)
    call = new_method_call(address, "ReadAll", "as", ([APPEARANCE],))
    try:
        with open_dbus_connection("SESSION") as connection:
            reply = connection.send_and_get_reply(call, timeout=LIMIT_S)
    except (OSError, KeyError, ValueError, RuntimeError):  # TimeoutError is an OSError
        return None
    if reply.header.message_type is MessageType.error:
        return None
    values = {name: value for name, (_type, value) in reply.body[0].get(APPEARANCE, {}).items()}
    if values.get("contrast") == 1:
        return "high contrast"  # untranslated
    if "color-scheme" not in values:
        return None
    return "dark" if values["color-scheme"] == 1 else "light"


def _ask_gsettings() -> Look:
    """Ask GNOME and its relatives where they have no portal."""
    if _output("gsettings", "get", "org.gnome.desktop.a11y.interface", "high-contrast") == "true":
        return "high contrast"  # untranslated
    scheme = _output("gsettings", "get", "org.gnome.desktop.interface", "color-scheme")
    return "dark" if "dark" in scheme else "light"


def _ask_macos() -> Look:
    if _output("defaults", "read", "com.apple.universalaccess", "increaseContrast") == "1":
        return "high contrast"  # untranslated
    return "dark" if _output("defaults", "read", "-g", "AppleInterfaceStyle") == "Dark" else "light"


def _ask_windows() -> Look:
    flags = str(_registry_value(CONTRAST_KEY, "Flags"))
    if flags.isdigit() and int(flags) & CONTRAST_ON:
        return "high contrast"  # untranslated
    return "dark" if _registry_value(THEMES_KEY, "AppsUseLightTheme") == 0 else "light"


def _registry_value(key: str, name: str) -> object:
    """Return a value of the user's; None if there is none."""
    if sys.platform == "win32":
        import winreg

        with contextlib.suppress(OSError), winreg.OpenKey(winreg.HKEY_CURRENT_USER, key) as opened:
            return winreg.QueryValueEx(opened, name)[0]
    return None


def _output(*command: str) -> str:
    """Return what ``command`` prints, or "" if it fails."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, check=False)
    except (OSError, subprocess.SubprocessError, ValueError):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
