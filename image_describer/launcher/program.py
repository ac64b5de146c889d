"""How the window is started on this computer: the command that a launcher has to run."""

import os
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

import image_describer

SCRIPT = "image-describer-app"


@dataclass(frozen=True)
class Program:
    """``words``: program and arguments, without a picture; ``folder``: where it has to run."""

    words: tuple[str, ...]
    folder: Path | None = None


def window_program() -> Program:
    """The script that pip put beside this interpreter, else this interpreter itself."""
    suffix = ".exe" if os.name == "nt" else ""
    for scheme in (sysconfig.get_default_scheme(), sysconfig.get_preferred_scheme("user")):
        script = Path(sysconfig.get_path("scripts", scheme)) / (SCRIPT + suffix)
        if os.access(script, os.X_OK):
            return Program((str(script),))
    # From within the folder of the package, -m finds it even where nothing was installed.
    folder = Path(image_describer.__file__).resolve().parent.parent
    return Program((str(_windowed(Path(sys.executable))), "-m", "image_describer"), folder)


def _windowed(interpreter: Path) -> Path:
    """On Windows the interpreter that opens no console, if it is there."""
    quiet = interpreter.with_name("pythonw.exe")
    return quiet if os.name == "nt" and quiet.is_file() else interpreter
