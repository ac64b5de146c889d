"""A desktop portal for screenshots, run in a process of its own on the session bus.

Arguments: "accept", "silent", or the status of the response ("1": the user said no); the file that
an accepted request returns; AvailableTargets as a number, which only version 3 has. Prints "ready".
See org.freedesktop.portal.Screenshot and org.freedesktop.portal.Request at
https://flatpak.github.io/xdg-desktop-portal/docs/.
"""

import sys
from pathlib import Path
from typing import Any

from jeepney import (
    DBusAddress,
    Message,
    new_error,
    new_method_return,
    new_signal,
)
from jeepney.bus_messages import message_bus
from jeepney.io.blocking import DBusConnection, open_dbus_connection
from jeepney.low_level import HeaderFields, MessageType

BUS_NAME = "org.freedesktop.portal.Desktop"
OBJECT = "/org/freedesktop/portal/desktop"
UNKNOWN = "org.freedesktop.DBus.Error.InvalidArgs"


class ScreenshotPortal:
    """Answers every request in the same way."""

    def __init__(
        self, connection: DBusConnection, answer: str, file: Path, targets: int | None
    ) -> None:
        self.connection = connection
        self.answer = answer
        self.file = file
        self.targets = targets

    def run(self) -> None:
        while True:
            call = self.connection.receive()
            if call.header.message_type is not MessageType.method_call:
                continue
            if call.header.fields[HeaderFields.member] == "Get":
                self.get(call)
            else:
                self.screenshot(call)

    def get(self, call: Message) -> None:
        if self.targets is None:
            self.connection.send_message(new_error(call, UNKNOWN))
        else:
            self.connection.send_message(new_method_return(call, "v", (("u", self.targets),)))

    def screenshot(self, call: Message) -> None:
        _parent, options = call.body
        sender = call.header.fields[HeaderFields.sender]
        token = options["handle_token"][1]
        path = f"{OBJECT}/request/{sender.removeprefix(':').replace('.', '_')}/{token}"
        allowed = options["interactive"] == ("b", False) and (
            "target" not in options or options["target"][1] & (self.targets or 0)
        )
        if not allowed:
            self.connection.send_message(new_error(call, UNKNOWN))
            return
        self.connection.send_message(new_method_return(call, "o", (path,)))
        if self.answer == "silent":
            return
        results: dict[str, Any] = {}
        if self.answer == "accept":
            results["uri"] = ("s", self.file.as_uri())
        status = 0 if self.answer == "accept" else int(self.answer)
        emitter = DBusAddress(path, interface="org.freedesktop.portal.Request")
        signal = new_signal(emitter, "Response", "ua{sv}", (status, results))
        signal.header.fields[HeaderFields.destination] = sender
        self.connection.send_message(signal)


def main(answer: str, file: str, targets: str = "") -> None:
    with open_dbus_connection("SESSION") as connection:
        connection.send_and_get_reply(message_bus.RequestName(BUS_NAME))
        print("ready", flush=True)
        ScreenshotPortal(connection, answer, Path(file), int(targets) if targets else None).run()


if __name__ == "__main__":
    main(*sys.argv[1:])
