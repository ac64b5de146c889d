"""Orca's D-Bus service without Orca, run in a process of its own on the session bus.

    python tests/support/orca_service.py LOG 49|50|49-hangs|49-refuses

It has the name, the path and the methods of Orca 49 or of later versions, and writes a line to LOG
for each call: its time by time.monotonic() and the message, or INTERRUPT. The rate is 100, the
fastest. It prints "ready".

See docs/remote-controller.md and docs/remote-controller-commands.md in Orca's repository.
"""

import sys
import time
from pathlib import Path

from jeepney import DBusAddress, Message, new_error, new_method_return
from jeepney.bus_messages import message_bus
from jeepney.io.blocking import open_dbus_connection
from jeepney.low_level import HeaderFields, MessageFlag, MessageType

UNKNOWN = "org.freedesktop.DBus.Error.UnknownMethod"
INTERRUPT = "[silence]"
RATE = 100


class OrcaService:
    """Answers like one version of Orca."""

    def __init__(self, log: Path, version: str) -> None:
        self.log = log
        self.version, _, self.fault = version.partition("-")
        legacy = self.version == "49"
        self.name = "org.gnome.Orca.Service" if legacy else "org.gnome.Orca1.Service"
        self.path = "/" + self.name.replace(".", "/")
        speech = "SpeechAndVerbosityManager" if legacy else "SpeechManager"
        self.module = DBusAddress(
            f"{self.path}/{speech}",
            self.name,
            "org.gnome.Orca.Module" if legacy else "org.gnome.Orca1.SpeechManager",
        )

    def run(self) -> None:
        with open_dbus_connection("SESSION") as connection:
            connection.send_and_get_reply(message_bus.RequestName(self.name))
            print("ready", flush=True)
            while True:
                call = connection.receive()
                if call.header.message_type is not MessageType.method_call:
                    continue
                answer = self.answer(call)
                if answer is not None and not call.header.flags & MessageFlag.no_reply_expected:
                    connection.send(answer)

    def answer(self, call: Message) -> Message | None:
        fields = call.header.fields
        path, member = fields[HeaderFields.path], fields[HeaderFields.member]
        interface = fields[HeaderFields.interface]
        if (path, interface, member) == (self.path, self.name, "PresentMessage"):
            self.write(call.body[0])
            if self.fault == "hangs":
                return None
            return new_method_return(call, "b", (self.fault != "refuses",))
        if path == self.module.object_path:
            own = (interface, member) if interface == self.module.interface else ("", member)
            if self.version == "49":
                if own[1] == "ExecuteCommand" and call.body == ("InterruptSpeech", False):
                    return self.interrupt(call)
                if own[1] == "ExecuteRuntimeGetter" and call.body == ("Rate",):
                    return new_method_return(call, "v", (("i", RATE),))
            elif own == (self.module.interface, "InterruptSpeech") and call.body == (False,):
                return self.interrupt(call)
            elif member == "Get" and call.body == (self.module.interface, "Rate"):
                return new_method_return(call, "v", (("u", RATE),))
        return new_error(call, UNKNOWN, "s", (f"{interface}.{member}",))

    def interrupt(self, call: Message) -> Message:
        self.write(INTERRUPT)
        return new_method_return(call, "b", (True,))

    def write(self, line: str) -> None:
        with self.log.open("a", encoding="utf-8") as log:
            log.write(f"{time.monotonic():.4f} {line}\n")


def lines(log: Path) -> list[tuple[float, str]]:
    """The calls so far: times and messages."""
    if not log.exists():
        return []
    entries = [line.split(" ", 1) for line in log.read_text("utf-8").splitlines()]
    return [(float(at), text) for at, text in entries]


if __name__ == "__main__":
    OrcaService(Path(sys.argv[1]), sys.argv[2]).run()
