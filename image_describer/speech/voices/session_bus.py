"""Calls over the user's D-Bus session bus, from any thread; on Linux and its relatives only."""

import contextlib
import threading
import time
from concurrent.futures import TimeoutError as NoAnswer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jeepney import DBusAddress, Message
    from jeepney.io.threading import DBusConnection

BUS_LIMIT_S = 1.0  # for answers of the bus itself


class BusError(Exception):
    """No bus, nobody with that name, or an answer that is an error."""


class SessionBus:
    """Connects at the first call, and again after the connection was lost. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._receiving = threading.Lock()  # not for sending, which never waits for an answer
        self._opened: DBusConnection | None = None

    def call(
        self,
        address: "DBusAddress",
        method: str,
        signature: str = "",
        values: tuple[Any, ...] = (),
        limit_s: float = BUS_LIMIT_S,
    ) -> tuple[Any, ...]:
        """Call ``method`` and return what it answers; never starts a service.

        Raises BusError, and TimeoutError after ``limit_s`` seconds.
        """
        from jeepney import MessageType

        message = _message(address, method, signature, values)
        try:
            with self._receiving:
                reply = _send_and_receive(self._connection(), message, limit_s)
        except TimeoutError:
            raise
        except OSError as error:
            self.close()
            raise BusError(repr(error)) from error
        if reply.header.message_type is MessageType.error:
            raise BusError(" ".join(map(str, reply.body)))
        return tuple(reply.body)

    def send(
        self, address: "DBusAddress", method: str, signature: str, values: tuple[Any, ...]
    ) -> None:
        """Call ``method`` without waiting for an answer; errors are ignored."""
        from jeepney import MessageFlag

        message = _message(address, method, signature, values)
        message.header.flags |= MessageFlag.no_reply_expected
        with contextlib.suppress(BusError, OSError):
            self._connection().send(message)

    def has_owner(self, name: str) -> bool:
        """Whether a program on the bus has this name."""
        from jeepney import DBusAddress

        bus = DBusAddress("/org/freedesktop/DBus", "org.freedesktop.DBus", "org.freedesktop.DBus")
        try:
            return bool(self.call(bus, "NameHasOwner", "s", (name,))[0])
        except (BusError, TimeoutError):
            return False

    def _connection(self) -> "DBusConnection":
        """Raises BusError."""
        with self._lock:
            if self._opened is None:
                try:
                    from jeepney.io.threading import open_dbus_connection

                    self._opened = open_dbus_connection("SESSION")
                except (
                    ImportError,
                    OSError,
                    KeyError,
                    ValueError,
                    RuntimeError,
                    NoAnswer,
                ) as error:
                    raise BusError(repr(error)) from error
            return self._opened

    def close(self) -> None:
        """Disconnect. Idempotent."""
        with self._lock:
            connection, self._opened = self._opened, None
        if connection is not None:
            with contextlib.suppress(OSError):
                connection.close()


def _send_and_receive(
    connection: "DBusConnection", message: "Message", limit_s: float
) -> "Message":
    """Raises OSError, and TimeoutError, which is one."""
    from jeepney import HeaderFields

    deadline = time.monotonic() + limit_s
    serial = next(connection.outgoing_serial)
    connection.send(message, serial=serial)
    while True:
        # Late answers to earlier calls, and signals, are skipped.
        reply = connection.receive(timeout=max(0.0, deadline - time.monotonic()))
        if reply.header.fields.get(HeaderFields.reply_serial) == serial:
            return reply


def _message(
    address: "DBusAddress", method: str, signature: str, values: tuple[Any, ...]
) -> "Message":
    from jeepney import MessageFlag, new_method_call

    message = new_method_call(address, method, signature or None, values)
    message.header.flags |= MessageFlag.no_auto_start
    return message
