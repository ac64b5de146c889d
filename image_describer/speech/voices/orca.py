"""Orca's speech and braille, through its D-Bus service (Orca 49 and later).

See https://gitlab.gnome.org/GNOME/orca/-/blob/main/docs/remote-controller.md. Orca 49 has one
interface for the commands of all its modules; later versions have one for each module.
"""

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from image_describer.speech.voices.reader import ReaderPlayback, unreachable
from image_describer.speech.voices.session_bus import BusError, SessionBus

if TYPE_CHECKING:
    from jeepney import DBusAddress

log = logging.getLogger(__name__)

ANSWER_LIMIT_S = 1.5  # Orca answers within milliseconds, unless it hangs
RATE_LIMIT_S = 0.2
DEFAULT_RATE = 50
# Orca's rates from 0 to 100 in words a minute: what espeak-ng makes of them.
SLOWEST_WPM, MIDDLE_WPM, FASTEST_WPM = 80, 175, 450


@dataclass(frozen=True)
class OrcaApi:
    """Where a version of Orca has its service. ``commands``: it has one interface for all."""

    name: str
    path: str
    modules: tuple[str, ...]  # that may have the speech
    commands: bool

    def service(self) -> "DBusAddress":
        from jeepney import DBusAddress

        return DBusAddress(self.path, self.name, self.name)

    def module(self, module: str, interface: str = "") -> "DBusAddress":
        from jeepney import DBusAddress

        own = "org.gnome.Orca.Module" if self.commands else f"org.gnome.Orca1.{module}"
        return DBusAddress(f"{self.path}/{module}", self.name, interface or own)


APIS = (
    OrcaApi("org.gnome.Orca1.Service", "/org/gnome/Orca1/Service", ("SpeechManager",), False),
    OrcaApi(
        "org.gnome.Orca.Service",
        "/org/gnome/Orca/Service",
        ("SpeechAndVerbosityManager", "SpeechManager"),
        True,
    ),
)


class Orca:
    """Speaks through the Orca that runs in this session."""

    name = "Orca"

    def __init__(self, bus: SessionBus) -> None:
        self._bus = bus

    def running(self) -> bool:
        return self._api() is not None

    available = running

    def speak(self, text: str, language: str) -> ReaderPlayback:
        """Orca has one voice for all its messages, whatever their ``language``."""
        api = self._api()
        if api is None:
            raise unreachable(self.name, "absent")
        try:
            (accepted,) = self._bus.call(
                api.service(), "PresentMessage", "s", (text,), limit_s=ANSWER_LIMIT_S
            )
        except TimeoutError as error:
            # Once it answers again, it must not repeat what another voice has said meanwhile.
            self._interrupt(api)
            raise unreachable(self.name, error) from error
        except BusError as error:
            raise unreachable(self.name, error) from error
        if not accepted:
            raise unreachable(self.name, "refused")
        return ReaderPlayback(text, self._rate_wpm(api), lambda: self._interrupt(api))

    def _api(self) -> OrcaApi | None:
        return next((api for api in APIS if self._bus.has_owner(api.name)), None)

    def _interrupt(self, api: OrcaApi) -> None:
        """Silence Orca. Messages that are sent later are not affected."""
        for module in api.modules:  # one that doesn't exist is an error, which nobody waits for
            if api.commands:
                command = ("InterruptSpeech", False)
                self._bus.send(api.module(module), "ExecuteCommand", "sb", command)
            else:
                self._bus.send(api.module(module), "InterruptSpeech", "b", (False,))

    def _rate_wpm(self, api: OrcaApi) -> int:
        """How fast Orca speaks, as far as it can be told."""
        rate = DEFAULT_RATE
        for module in api.modules:
            try:
                if api.commands:
                    answer = self._bus.call(
                        api.module(module), "ExecuteRuntimeGetter", "s", ("Rate",), RATE_LIMIT_S
                    )
                else:
                    properties = api.module(module, "org.freedesktop.DBus.Properties")
                    names = (api.module(module).interface, "Rate")
                    answer = self._bus.call(properties, "Get", "ss", names, RATE_LIMIT_S)
                rate = int(answer[0][1])
                break
            except (BusError, TimeoutError, LookupError, TypeError, ValueError) as error:
                log.info("Orca does not tell its rate: %s", error)
        share = max(0.0, min(1.0, rate / 100))
        if share < 0.5:
            return round(SLOWEST_WPM + 2 * share * (MIDDLE_WPM - SLOWEST_WPM))
        return round(MIDDLE_WPM + (2 * share - 1) * (FASTEST_WPM - MIDDLE_WPM))
