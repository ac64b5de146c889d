"""Wayland: asks the desktop portal for a screenshot, over D-Bus.

See https://flatpak.github.io/xdg-desktop-portal/docs/doc-org.freedesktop.portal.Screenshot.html and
the page on org.freedesktop.portal.Request.
"""

import contextlib
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any

from image_describer.errors import ScreenError
from image_describer.i18n import N_, _
from image_describer.imaging.file_url import file_url_path

if TYPE_CHECKING:
    from jeepney.io.blocking import DBusConnection
    from PIL import Image

BUS_NAME = "org.freedesktop.portal.Desktop"
OBJECT = "/org/freedesktop/portal/desktop"
INTERFACE = "org.freedesktop.portal.Screenshot"
REQUEST = "org.freedesktop.portal.Request"
ACTIVE_WINDOW = 8  # a bit of AvailableTargets, since version 3 of the interface
CALL_LIMIT_S = 25.0  # D-Bus's own default; the portal may first have to be started
ANSWER_LIMIT_S = 60.0  # the user may be asked for permission

NO_PORTAL = N_("This desktop lacks the portal that captures the screen.")
INSTALL_PORTAL = N_("Install xdg-desktop-portal.")
PORTAL_PARTS = N_("It has a part for each desktop, such as xdg-desktop-portal-gnome, -kde or -wlr.")
NO_ANSWER = N_("The desktop did not answer.")
REFUSED = N_("The desktop does not allow the screen to be captured.")
ALLOW_IT = N_("Run image-describer describe --screen in a terminal, and allow it.")
WHERE_ALLOWED = N_(
    "The setting is Screenshots: on GNOME in Settings, Apps, Image Describer; on KDE in System "
    "Settings, Application Permissions."
)
NO_ACTIVE_WINDOW = N_("This desktop does not capture single windows for other programs.")
COPY_WINDOW = N_(
    "Copy the window with the desktop's own key (Alt+Print on GNOME, Meta+Print on KDE), then "
    "describe the clipboard."
)


def capture(window: bool) -> "Image.Image":
    """See the package. Raises ScreenError."""
    # Only Linux has jeepney.
    from jeepney.io.blocking import open_dbus_connection

    try:
        connection = open_dbus_connection("SESSION")
    except (OSError, KeyError, ValueError, RuntimeError) as error:
        raise ScreenError(_(NO_PORTAL), _(INSTALL_PORTAL), details=_(PORTAL_PARTS)) from error
    try:
        with connection:
            url = _request(connection, window)
    except TimeoutError as error:
        raise ScreenError(_(NO_ANSWER), _(ALLOW_IT), details=_(WHERE_ALLOWED)) from error
    except OSError as error:  # the bus went away
        raise ScreenError(_(NO_PORTAL), _(INSTALL_PORTAL), details=_(PORTAL_PARTS)) from error
    return _read(url)


def _request(connection: "DBusConnection", window: bool) -> str:
    """Return the URL of the screenshot's file. Raises ScreenError and OSError."""
    from jeepney import MatchRule, message_bus

    options: dict[str, tuple[str, Any]] = {"interactive": ("b", False)}
    if window:
        if not _available_targets(connection) & ACTIVE_WINDOW:
            raise ScreenError(_(NO_ACTIVE_WINDOW), _(COPY_WINDOW))
        options["target"] = ("u", ACTIVE_WINDOW)
    # The portal derives the request's path from these two, so that no answer can be missed.
    token = f"image_describer_{secrets.token_hex(8)}"
    sender = connection.unique_name.removeprefix(":").replace(".", "_")
    options["handle_token"] = ("s", token)
    rule = MatchRule(
        type="signal",
        interface=REQUEST,
        member="Response",
        path=f"{OBJECT}/request/{sender}/{token}",
    )
    connection.send_and_get_reply(message_bus.AddMatch(rule), timeout=CALL_LIMIT_S)
    with connection.filter(rule) as responses:
        if _call(connection, INTERFACE, "Screenshot", "sa{sv}", ("", options)) is None:
            raise ScreenError(_(NO_PORTAL), _(INSTALL_PORTAL), details=_(PORTAL_PARTS))
        answer = connection.recv_until_filtered(responses, timeout=ANSWER_LIMIT_S)
    status, results = answer.body
    if status != 0 or "uri" not in results:  # 1: the user said no; 2: it ended in another way
        raise ScreenError(_(REFUSED), _(ALLOW_IT), details=_(WHERE_ALLOWED))
    return str(results["uri"][1])


def _available_targets(connection: "DBusConnection") -> int:
    """What the portal can capture, as bits; 0 before version 3."""
    properties = "org.freedesktop.DBus.Properties"
    reply = _call(connection, properties, "Get", "ss", (INTERFACE, "AvailableTargets"))
    return int(reply[0][1]) if reply else 0


def _call(
    connection: "DBusConnection", interface: str, method: str, signature: str, body: tuple[Any, ...]
) -> tuple[Any, ...] | None:
    """Call a method of the portal; None if it answers with an error, or doesn't exist."""
    from jeepney import DBusAddress, MessageType, new_method_call

    address = DBusAddress(OBJECT, BUS_NAME, interface)
    call = new_method_call(address, method, signature, body)
    reply = connection.send_and_get_reply(call, timeout=CALL_LIMIT_S)
    return None if reply.header.message_type is MessageType.error else reply.body


def _read(url: str) -> "Image.Image":
    """The picture in the file, which is then deleted. Raises ScreenError."""
    from PIL import Image

    path = Path(file_url_path(url) or "")
    try:
        with Image.open(path) as image:
            image.load()
            return image.convert("RGB")
    except (OSError, ValueError) as error:
        raise ScreenError(
            _("The desktop's screenshot can't be read."), _("Try again, or describe the clipboard.")
        ) from error
    finally:
        with contextlib.suppress(OSError):  # it is gone, or in a folder of the portal's
            path.unlink()
