"""The command that starts the window on this computer."""

import os
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

import image_describer

SCRIPT = "image-describer-app"


@dataclass(frozen=True)
class WindowCommand:
    """``arguments``: the program first, without a picture; ``folder``: its working directory."""

    arguments: tuple[str, ...]
    folder: Path | None = None


def window_command() -> WindowCommand:
    """Return the script that pip installed, or this interpreter with ``-m image_describer``."""
    suffix = ".exe" if os.name == "nt" else ""
    for scheme in (sysconfig.get_default_scheme(), sysconfig.get_preferred_scheme("user")):
        script = Path(sysconfig.get_path("scripts", scheme)) / (SCRIPT + suffix)
        if os.access(script, os.X_OK):
            return WindowCommand((str(script),))
    # In the folder of the package, -m finds it even if nothing was installed.
    folder = Path(image_describer.__file__).resolve().parent.parent
    return WindowCommand(
        (str(_without_console(Path(sys.executable))), "-m", "image_describer"), folder
    )


def _without_console(interpreter: Path) -> Path:
    """Return the interpreter that opens no console, if there is one; only Windows has it."""
    pythonw = interpreter.with_name("pythonw.exe")
    return pythonw if os.name == "nt" and pythonw.is_file() else interpreter
