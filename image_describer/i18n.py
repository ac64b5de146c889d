"""The language that the program speaks and writes: which one, and its translations, by gettext.

Translations are in ``locale/<language>/LC_MESSAGES``; docs/translating.md describes how they are
made. English, the language of the code, needs none.

    _("The picture is very dark.")                        translated now
    N_("The picture is very dark.")                       only marked; ``_(CONSTANT)`` translates it
    ngettext("{count} picture", "{count} pictures", n)    the plural form for n
    pgettext("menu", "Open")                              a word that means different things
"""

import contextlib
import gettext as _gettext
import os
import sys
from collections.abc import Iterator
from contextvars import ContextVar
from functools import cache
from pathlib import Path

DOMAIN = "image_describer"
FOLDER = Path(__file__).parent / "locale"
ENGLISH = "en"
SYSTEM = "system"  # in place of a language: that of the system
NAMES = {ENGLISH: "English", "de": "Deutsch"}  # in the language itself, as menus show them

_VARIABLES = ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")  # in gettext's order
_SYSTEM_LIMIT_S = 2.0

_of_process = ENGLISH
_of_context: ContextVar[str | None] = ContextVar("language", default=None)


def language() -> str:
    """The code of the language in use here: that of `using`, else that of `set_language`."""
    return _of_context.get() or _of_process


def set_language(code: str) -> None:
    """Use a language in the whole process: a code such as "de" or "de-AT", or `SYSTEM`.

    One without translations becomes English.
    """
    global _of_process
    _of_process = system_language() if code == SYSTEM else supported(code)


@contextlib.contextmanager
def using(code: str) -> Iterator[None]:
    """Use another language within a block, in this thread or task only."""
    token = _of_context.set(supported(code))
    try:
        yield
    finally:
        _of_context.reset(token)


@cache
def languages() -> tuple[str, ...]:
    """The codes of all languages that the program is translated into, English first."""
    found = FOLDER.glob(f"*/LC_MESSAGES/{DOMAIN}.mo")
    return (ENGLISH, *sorted(path.parent.parent.name for path in found))


def supported(code: str) -> str:
    """The translated language that a code or locale means: "de" of "de_AT.UTF-8"; else English."""
    base = code.replace("_", "-").split("-")[0].split(".")[0].lower()
    return base if base in languages() else ENGLISH


@cache
def system_language() -> str:
    """The language of the system, or English where the program isn't translated into it."""
    for name in _VARIABLES:
        if value := os.environ.get(name):
            return supported(value.split(":")[0])
    return supported(_asked_language())


def gettext(message: str) -> str:
    """Translate a message; one without translation, and "", stay as they are."""
    return _catalogue(language()).gettext(message) if message else ""


def ngettext(singular: str, plural: str, count: int) -> str:
    """Translate a message into the form for a number of things."""
    return _catalogue(language()).ngettext(singular, plural, count)


def pgettext(context: str, message: str) -> str:
    """Translate a message that means something else in other contexts."""
    return _catalogue(language()).pgettext(context, message)


def N_(message: str) -> str:  # noqa: N802 (the name that gettext's users give it)
    """Mark a message for translation and return it as it is."""
    return message


_ = gettext


@cache
def _catalogue(code: str) -> _gettext.NullTranslations:
    if code == ENGLISH:
        return _gettext.NullTranslations()
    return _gettext.translation(DOMAIN, str(FOLDER), [code], fallback=True)


def _asked_language() -> str:
    """The language that Windows or macOS names; "" elsewhere, where variables do."""
    if sys.platform == "win32":
        import ctypes
        import locale

        code = ctypes.windll.kernel32.GetUserDefaultUILanguage()
        return locale.windows_locale.get(code, "")
    if sys.platform == "darwin":
        import subprocess

        command = ["defaults", "read", "-g", "AppleLanguages"]  # ("de-DE", "en-GB")
        with contextlib.suppress(OSError, subprocess.SubprocessError):
            output = subprocess.run(
                command, capture_output=True, text=True, timeout=_SYSTEM_LIMIT_S, check=False
            ).stdout
            return output.strip(' ()\n"').split('"')[0].split(",")[0]
    return ""
