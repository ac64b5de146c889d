"""What the user has chosen: the settings, what each may be, and the file they are kept in."""

import itertools
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Literal

from image_describer.errors import SettingsError
from image_describer.files import read_private, reason, set_aside, write_private

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

FILE_NAME = "settings.toml"
HEADING = "# Settings of Image Describer. In its window, Ctrl+comma changes them.\n"
FILE_LIMIT_BYTES = 256_000  # a hundred times what is ever written
RECENT_FOLDERS_LIMIT = 10  # as many as one listens to before giving up
PATH_CHARACTERS = 4096  # PATH_MAX on Linux, the longest of the three systems
SALVAGE_LINES = 50  # the longest value ever written, the list of folders, has twelve

Kind = Literal["switch", "number", "choice", "language", "folders"]


@dataclass(frozen=True)
class Settings:
    """All that the user can choose. What each may be, and what it is called, stands in SETTINGS."""

    online: bool | None = None
    speech: str = "all"
    language: str = "en-us"
    rate: int = 175
    volume: int = 100
    verbosity: str = "normal"
    hedging: bool = True
    key_sounds: bool = False
    high_contrast: bool = False
    text_size: int = 100
    keep_history: bool = True
    recent_folders: tuple[str, ...] = ()

    def with_folder(self, folder: str) -> "Settings":
        """The same with ``folder`` first among the recent ones.

        A name that can't be written in a settings file (it is no Unicode) is not remembered.
        """
        if not _is_folder(folder):
            return self
        others = [other for other in self.recent_folders if other != folder]
        return replace(self, recent_folders=(folder, *others)[:RECENT_FOLDERS_LIMIT])


@dataclass(frozen=True)
class Setting:
    """What a setting may be, and how it is spoken of.

    ``choices``: the spoken name of each value. ``low``, ``high``, ``step`` and ``unit`` are of
    numbers. ``may_be_none``: as long as the user has not been asked.
    """

    kind: Kind
    label: str
    choices: Mapping[str, str] = field(default_factory=dict)
    low: int = 0
    high: int = 0
    step: int = 1
    unit: str = ""
    may_be_none: bool = False


SETTINGS: dict[str, Setting] = {
    "online": Setting("switch", "Google's natural voice", may_be_none=True),
    "speech": Setting(
        "choice",
        "What is spoken",
        {
            "all": "everything",
            "results": "results and errors only",
            "off": "nothing",
        },
    ),
    "language": Setting("language", "Language of the voice"),
    "rate": Setting("number", "Rate", low=80, high=450, step=5, unit="words a minute"),
    "volume": Setting("number", "Volume", low=0, high=100, step=5, unit="percent"),
    "verbosity": Setting(
        "choice", "Detail", {"brief": "brief", "normal": "normal", "full": "full"}
    ),
    "hedging": Setting("switch", "Say how sure a description is"),
    "key_sounds": Setting("switch", "Sounds of keys"),
    "high_contrast": Setting("switch", "High contrast"),
    "text_size": Setting("number", "Text size", low=75, high=250, step=25, unit="percent"),
    "keep_history": Setting("switch", "Keep a history of descriptions"),
    "recent_folders": Setting("folders", "Recent folders"),
}

# As gTTS and eSpeak write them: "en", "en-us", "pt-BR", "zh-Hans".
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8}){0,3}")


def allowed(name: str, value: object) -> bool:
    """Whether the setting may have this value."""
    setting = SETTINGS[name]
    if value is None:
        return setting.may_be_none
    if setting.kind == "switch":
        return isinstance(value, bool)
    if setting.kind == "number":
        # True is an int to Python.
        return type(value) is int and setting.low <= value <= setting.high
    if setting.kind == "choice":
        return isinstance(value, str) and value in setting.choices
    if setting.kind == "language":
        return isinstance(value, str) and _LANGUAGE.fullmatch(value) is not None
    return (
        isinstance(value, tuple)
        and len(value) <= RECENT_FOLDERS_LIMIT
        and all(_is_folder(one) for one in value)
    )


def spoken(name: str, value: object) -> str:
    """The value in words: "175 words a minute", "on"."""
    setting = SETTINGS[name]
    if setting.kind == "switch":
        return "on" if value else "off"
    if setting.kind == "choice":
        return setting.choices.get(str(value), str(value))
    return f"{value} {setting.unit}".strip()


class SettingsFile:
    """The file the settings are kept in.

    ``trouble``: what the user should know about the last `load`, in one sentence; mostly empty.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._known: Settings | None = None  # as this process last read or wrote them
        self.trouble = ""

    @property
    def path(self) -> Path:
        """Where the file is, or will be. May raise OSError, where there can be no folder for it."""
        if self._path is None:
            # Loads platformdirs, which importing this module need not wait for.
            from image_describer.paths import config_folder

            self._path = config_folder() / FILE_NAME
        return self._path

    def load(self) -> Settings:
        """The settings; never raises. Of a damaged file, all that is valid, and a copy is kept."""
        self._known = self._load()
        return self._known

    def _load(self) -> Settings:
        self.trouble = ""
        try:
            content = read_private(self.path, FILE_LIMIT_BYTES)
        except FileNotFoundError:
            return Settings()
        except OSError as error:
            why = reason(error)
            self.trouble = f"The settings can't be read ({why}), so the usual ones are used."
            return Settings()
        table, whole = _parsed(content)
        settings, refused = _salvaged(table)
        if refused or not whole:
            self._mend(content, settings, table, refused if whole else [])
        return settings

    def save(self, settings: Settings) -> None:
        """Write the settings, all or nothing. What a newer version has written besides is kept,
        and so is what another window has changed since, where this one has not.

        Raises SettingsError where that can't be, or a value is not allowed.
        """
        for name in SETTINGS:
            value = getattr(settings, name)
            if not allowed(name, value):
                raise SettingsError(
                    f"The setting {SETTINGS[name].label} can't be {value!r}.", "Choose another."
                )
        try:
            there = self._there()
            write_private(self.path, _written(self._with_others(settings, there), _unknown(there)))
            self._known = settings
        except OSError as error:
            raise SettingsError(
                f"The settings can't be saved: {reason(error)}.",
                "They hold until the program ends.",
            ) from error

    def _with_others(self, settings: Settings, there: Mapping[str, Any]) -> Settings:
        """``settings``, but what was not changed here as it now stands in the file."""
        if self._known is None or not there:
            return settings
        found, refused = _salvaged(there)
        theirs = {
            name: getattr(found, name)
            for name in SETTINGS
            if name in there
            and name not in refused
            and getattr(settings, name) == getattr(self._known, name)
        }
        return replace(settings, **theirs)

    def _there(self) -> dict[str, Any]:
        """What the file holds now; a damaged file is set aside."""
        content: bytes | None = None
        try:
            content = read_private(self.path, FILE_LIMIT_BYTES)
        except FileNotFoundError:
            return {}
        except OSError:
            if self.path.is_file():
                set_aside(self.path, None)
            return {}
        table, whole = _parsed(content)
        if not whole:
            set_aside(self.path, content)
            return _unknown(table)  # what of it is valid was read at the start
        return table

    def _mend(
        self, content: bytes, settings: Settings, table: dict[str, Any], refused: list[str]
    ) -> None:
        """Set a copy of the file aside and write what is valid, so that this is told only once."""
        if refused:
            labels = ", ".join(SETTINGS[name].label for name in refused)
            told = f"The settings file has values that are not allowed ({labels})"
        else:
            told = "The settings file is damaged"
        try:
            copy = set_aside(self.path, content)
            # Another process may have saved meanwhile; what it wrote is newer.
            if read_private(self.path, FILE_LIMIT_BYTES) == content:
                write_private(self.path, _written(settings, _unknown(table)))
            self.trouble = f"{told}; the rest of it was kept, and the old file is now {copy.name}."
        except OSError as error:
            why = reason(error)
            self.trouble = f"{told}; the rest of it is used, but it can't be mended ({why})."


def _parsed(content: bytes) -> tuple[dict[str, Any], bool]:
    """The table in the file, and whether it was whole; of a damaged one, the settings found."""
    try:
        table = tomllib.loads(content.decode("utf-8-sig"))  # some editors put a mark before it
        _toml(table)  # what is nested too deep can be read, but not written again
        return table, True
    except (ValueError, RecursionError):
        return _found(re.split(r"\r?\n", content.decode("utf-8-sig", "replace"))), False


def _found(lines: list[str]) -> dict[str, Any]:
    """Each setting whose line, or lines, can be read by themselves; the last one counts."""
    start = re.compile(rf"\s*({'|'.join(SETTINGS)})\s*=")
    begins = [number for number, line in enumerate(lines) if start.match(line)]
    found: dict[str, Any] = {}
    for begin, following in itertools.pairwise([*begins, len(lines)]):
        for end in range(begin + 1, min(following, begin + SALVAGE_LINES) + 1):
            try:
                found.update(tomllib.loads("\n".join(lines[begin:end])))
                break
            except (ValueError, RecursionError):
                continue  # the value may go on in the next line
    return found


def _salvaged(table: Mapping[str, Any]) -> tuple[Settings, list[str]]:
    """The settings with all that is valid in ``table``, and the names of what is not."""
    values: dict[str, Any] = {}
    refused = []
    for name in [one.name for one in fields(Settings) if one.name in table]:
        value = table[name]
        if SETTINGS[name].kind == "folders" and isinstance(value, list):
            value = tuple(one for one in value if _is_folder(one))[:RECENT_FOLDERS_LIMIT]
            if any(not _is_folder(one) for one in table[name]):
                refused.append(name)
        if allowed(name, value):
            values[name] = value
        else:
            refused.append(name)
    return Settings(**values), refused


def _unknown(table: Mapping[str, Any]) -> dict[str, Any]:
    """What of it this version does not know."""
    return {name: value for name, value in table.items() if name not in SETTINGS}


def _written(settings: Settings, unknown: Mapping[str, Any]) -> bytes:
    known = {name: getattr(settings, name) for name in SETTINGS}
    # TOML has no None: a setting that was never asked for is left out.
    table = {name: value for name, value in known.items() if value is not None}
    return (HEADING + _toml({**table, **unknown})).encode("utf-8")


def _toml(table: Mapping[str, Any]) -> str:
    import tomli_w  # only needed to write

    return tomli_w.dumps(table)


def _is_folder(name: object) -> bool:
    """Whether it can be written in a TOML file and be the path of a folder."""
    if not isinstance(name, str) or not 0 < len(name) <= PATH_CHARACTERS or "\0" in name:
        return False
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:  # bytes of a name that are no UTF-8
        return False
    return True
