"""The user's settings, the allowed values of each, and the file they are stored in."""

import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from image_describer import i18n, system_voice
from image_describer.errors import SettingsError
from image_describer.files import read_limited, reason, set_aside, write_private
from image_describer.i18n import N_, SYSTEM, _

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

FILE_NAME = "settings.toml"
HEADING = N_("# Settings of Image Describer. In its window, Ctrl+comma changes them.\n")
FILE_LIMIT_BYTES = 256_000  # a hundred times what is ever written
RECENT_FOLDERS_LIMIT = 10  # more would take too long to listen to
FORMER_CONTRAST = "high_contrast"  # a switch, before there was "look"
PATH_CHARACTERS = 4096  # PATH_MAX on Linux, the longest of the three systems

SettingKind = Literal["switch", "number", "choice", "language", "folder", "folders"]


@dataclass(frozen=True)
class Settings:
    """Everything the user can choose. SETTINGS has the label and the allowed values of each.

    ``online``: whether Google's voice reads descriptions; None until the user was asked.
    ``voice``: "auto" (the screen reader speaks while one runs), "screen_reader" (else a speech
    service of the system, if there is one) or "own". ``reader_announced``: whether the user has
    been told that the screen reader speaks.
    ``program_language``: of the program and its descriptions; ``language``: of Google's voice.
    ``rate``: words per minute. ``volume`` and ``text_size``: percent. ``lead_in``:
    milliseconds of silence before speech, where nothing was heard for a while.
    ``watched_folder``: a path, or "" for the folder where the system saves screenshots.
    """

    online: bool | None = None
    speech: str = "all"
    voice: str = "auto"
    reader_announced: bool = False
    program_language: str = "system"
    language: str = "en-us"
    rate: int = 175
    volume: int = 100
    lead_in: int = 0
    verbosity: str = "normal"
    hedging: bool = True
    key_sounds: bool = False
    look: str = "system"
    text_size: int = 100
    keep_history: bool = True
    watch: bool = False
    watched_folder: str = ""
    recent_folders: tuple[str, ...] = ()

    def with_folder(self, folder: str) -> "Settings":
        """Return a copy in which ``folder`` comes first among the recent ones.

        A name that can't be encoded as UTF-8, as TOML requires, is not remembered.
        """
        if not _is_folder_name(folder):
            return self
        others = [other for other in self.recent_folders if other != folder]
        return replace(self, recent_folders=(folder, *others)[:RECENT_FOLDERS_LIMIT])


@dataclass(frozen=True)
class Setting:
    """The label and the allowed values of a setting.

    ``choices`` maps each value to its spoken name. ``low``, ``high``, ``step`` and ``unit`` are for
    numbers. ``may_be_none``: until the user was asked.
    """

    kind: SettingKind
    label: str
    choices: Mapping[str, str] = field(default_factory=dict)
    low: int = 0
    high: int = 0
    step: int = 1
    unit: str = ""
    may_be_none: bool = False


SETTINGS: dict[str, Setting] = {
    "online": Setting("switch", N_("Google's natural voice"), may_be_none=True),
    "speech": Setting(
        "choice",
        N_("What is spoken"),
        {
            "all": N_("everything"),
            "results": N_("results and errors only"),
            "off": N_("nothing"),
        },
    ),
    "voice": Setting(
        "choice",
        N_("Who speaks"),
        {
            "auto": N_("the screen reader, if one runs"),
            "screen_reader": N_("the screen reader, else the system's speech"),
            "own": N_("Image Describer itself"),
        },
    ),
    "reader_announced": Setting("switch", N_("Screen reader announced")),
    "program_language": Setting(
        "choice", N_("Language"), {SYSTEM: N_("like the system"), **i18n.NAMES}
    ),
    "language": Setting("language", N_("Language of the voice")),
    "rate": Setting("number", N_("Rate"), low=80, high=600, step=5, unit=N_("words a minute")),
    "volume": Setting("number", N_("Volume"), low=0, high=100, step=5, unit=N_("percent")),
    "lead_in": Setting(
        "number",
        N_("Silence before speech"),
        low=0,
        high=1000,
        step=100,
        unit=N_("milliseconds"),
    ),
    "verbosity": Setting(
        "choice",
        N_("Detail"),
        {"brief": N_("brief"), "normal": N_("normal"), "full": N_("full")},
    ),
    "hedging": Setting("switch", N_("Say how sure a description is")),
    "key_sounds": Setting("switch", N_("Key sounds")),
    "look": Setting(
        "choice",
        N_("Colours"),
        {
            "system": N_("like the system"),
            "light": N_("light"),
            "dark": N_("dark"),
            "high contrast": N_("high contrast"),  # untranslated: the value
        },
    ),
    "text_size": Setting("number", N_("Text size"), low=75, high=250, step=25, unit=N_("percent")),
    "keep_history": Setting("switch", N_("Keep a history of descriptions")),
    "watch": Setting("switch", N_("Announce new pictures in a folder")),
    "watched_folder": Setting("folder", N_("Folder to watch")),
    "recent_folders": Setting("folders", N_("Recent folders")),
}

# As gTTS and eSpeak write them: "en", "en-us", "pt-BR", "zh-Hans".
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8}){0,3}")


class _DamagedFileError(ValueError):
    """Not TOML, or a value that is not allowed; the text is a sentence for the user."""


def is_allowed(name: str, value: object) -> bool:
    """Return whether the setting may have this value."""
    setting = SETTINGS[name]
    if value is None:
        return setting.may_be_none
    if setting.kind == "switch":
        return isinstance(value, bool)
    if setting.kind == "number":
        # type(), because True is an int to isinstance.
        return type(value) is int and setting.low <= value <= setting.high
    if setting.kind == "choice":
        return isinstance(value, str) and value in setting.choices
    if setting.kind == "language":
        return isinstance(value, str) and _LANGUAGE.fullmatch(value) is not None
    if setting.kind == "folder":
        return value == "" or _is_folder_name(value)
    return (
        isinstance(value, tuple)
        and len(value) <= RECENT_FOLDERS_LIMIT
        and all(_is_folder_name(folder) for folder in value)
    )


class SettingsFile:
    """The file with the settings.

    ``warning`` is a sentence for the user about the last `load`, or empty.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._loaded: Settings | None = None  # as this process last read or wrote them
        self.warning = ""

    @property
    def path(self) -> Path:
        """The path of the file, which may not exist yet. May raise OSError."""
        if self._path is None:
            # Imported late: platformdirs would slow down importing this module.
            from image_describer.paths import config_folder

            self._path = config_folder(create=False) / FILE_NAME
        return self._path

    def load(self) -> Settings:
        """Return the settings; never raises.

        A damaged file is set aside under another name, and the defaults are used.
        """
        self._loaded = self._load()
        return self._loaded

    def _load(self) -> Settings:
        self.warning = ""
        try:
            content = read_limited(self.path, FILE_LIMIT_BYTES)
        except FileNotFoundError:
            return _settings(system_voice.settings())
        except OSError as error:
            self.warning = _(
                "The settings can't be read ({error}), so the defaults are used."
            ).format(error=reason(error))
            return Settings()
        try:
            return _settings({**system_voice.settings(), **_parse(content)})
        except _DamagedFileError as damage:
            self._set_aside(content, damage)
            return Settings()

    def program_language(self) -> str:
        """Return the stored language of the program, before anything is said.

        Never raises, and leaves a damaged file to `load`.
        """
        try:
            content = read_limited(self.path, FILE_LIMIT_BYTES)
            return _settings(_parse(content)).program_language
        except (OSError, _DamagedFileError):
            return Settings().program_language

    def save(self, settings: Settings) -> None:
        """Write the settings atomically.

        Entries of newer versions are kept, and so is what another window has changed since the last
        `load`, unless it was changed here as well. Raises SettingsError if the file can't be
        written or a value is not allowed.
        """
        for name, setting in SETTINGS.items():
            value = getattr(settings, name)
            if not is_allowed(name, value):
                raise SettingsError(
                    _('The setting "{label}" can\'t be {value!r}.').format(
                        label=_(setting.label), value=value
                    ),
                    _("Choose another value."),
                )
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            table = self._current_table()
            write_private(self.path, _encode(self._merge(settings, table), _unknown(table)))
            self._loaded = settings
        except OSError as error:
            raise SettingsError(
                _("The settings can't be saved: {error}.").format(error=reason(error)),
                _("They apply until the program ends."),
            ) from error

    def _merge(self, settings: Settings, table: Mapping[str, Any]) -> Settings:
        """Return ``settings``, with values from ``table`` where nothing was changed here."""
        if self._loaded is None:
            return settings
        stored = _settings(table)
        changed_elsewhere = {
            name: getattr(stored, name)
            for name in SETTINGS
            if name in table and getattr(settings, name) == getattr(self._loaded, name)
        }
        return replace(settings, **changed_elsewhere)

    def _current_table(self) -> dict[str, Any]:
        """Return what the file contains now; a damaged file is set aside. May raise OSError."""
        try:
            content = read_limited(self.path, FILE_LIMIT_BYTES)
        except FileNotFoundError:
            return {}
        except OSError:
            if self.path.is_file():
                set_aside(self.path, None)
            return {}
        try:
            table = _parse(content)
            _settings(table)
        except _DamagedFileError:
            set_aside(self.path, content)
            return {}
        return table

    def _set_aside(self, content: bytes, damage: _DamagedFileError) -> None:
        try:
            copy = set_aside(self.path, content)
            # Another process may have saved in the meantime; its file stays.
            if read_limited(self.path, FILE_LIMIT_BYTES) == content:
                Path(os.path.realpath(self.path)).unlink()
            kept = _("The defaults are used, and the old file is now {name}.").format(
                name=copy.name
            )
        except OSError as error:
            kept = _("The defaults are used, and the file can't be set aside ({error}).").format(
                error=reason(error)
            )
        self.warning = f"{damage} {kept}"


def _parse(content: bytes) -> dict[str, Any]:
    """Raises _DamagedFileError for what is not TOML, or can't be written again."""
    try:
        table = tomllib.loads(content.decode("utf-8-sig"))  # some editors write a BOM
        _toml(table)  # deep nesting can be read, but not written
    except (ValueError, RecursionError) as error:
        raise _DamagedFileError(_("The settings file is damaged.")) from error
    return table


def _settings(table: Mapping[str, Any]) -> Settings:
    """Raises _DamagedFileError for a value that is not allowed."""
    values: dict[str, Any] = {}
    if table.get(FORMER_CONTRAST) is True:
        values["look"] = "high contrast"  # untranslated
    for name, setting in SETTINGS.items():
        if name in table:
            value = table[name]
            values[name] = tuple(value) if isinstance(value, list) else value
            if not is_allowed(name, values[name]):
                raise _DamagedFileError(
                    _('The settings file has a value for "{label}" that is not allowed.').format(
                        label=_(setting.label)
                    )
                )
    return Settings(**values)


def _unknown(table: Mapping[str, Any]) -> dict[str, Any]:
    """Return the entries that this version does not know."""
    known = (*SETTINGS, FORMER_CONTRAST)
    return {name: value for name, value in table.items() if name not in known}


def _encode(settings: Settings, unknown: Mapping[str, Any]) -> bytes:
    known = {name: getattr(settings, name) for name in SETTINGS}
    # TOML has no null: a setting that the user was not asked for is left out.
    table = {name: value for name, value in known.items() if value is not None}
    return (_(HEADING) + _toml({**table, **unknown})).encode("utf-8")


def _toml(table: Mapping[str, Any]) -> str:
    import tomli_w  # imported late: it slows down importing this module

    return tomli_w.dumps(table)


def _is_folder_name(name: object) -> bool:
    """Return whether a string can be a folder's path and can be written to a TOML file."""
    if not isinstance(name, str) or not 0 < len(name) <= PATH_CHARACTERS or "\0" in name:
        return False
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:  # undecodable bytes in a file name
        return False
    return True
