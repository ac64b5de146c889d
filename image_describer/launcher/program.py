"""The commands that start the program on this computer."""

import os
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

import image_describer

SCRIPT = "image-describer-app"
CONSOLE_SCRIPT = "image-describer"
RUN_CONSOLE = (
    "import sys; "  # untranslated
    "from image_describer.cli.main import main; sys.exit(main())"
)
DESCRIBE_SCREEN = ("describe", "--screen", "--speak")


@dataclass(frozen=True)
class LaunchCommand:
    """``arguments``: the program first, without a picture; ``folder``: its working directory."""

    arguments: tuple[str, ...]
    folder: Path | None = None

    def with_arguments(self, *arguments: str) -> "LaunchCommand":
        """Return this command with further arguments."""
        return LaunchCommand((*self.arguments, *arguments), self.folder)


def window_command() -> LaunchCommand:
    """Return the script that pip installed, or this interpreter with ``-m image_describer``."""
    return _find(SCRIPT, "-m", "image_describer")


def screen_command() -> LaunchCommand:
    """Return the command that speaks what is on the screen."""
    return _find(CONSOLE_SCRIPT, "-c", RUN_CONSOLE).with_arguments(*DESCRIBE_SCREEN)


def _find(name: str, *otherwise: str) -> LaunchCommand:
    """Return the script of this name, or this interpreter with the arguments ``otherwise``."""
    suffix = ".exe" if os.name == "nt" else ""
    for scheme in (sysconfig.get_default_scheme(), sysconfig.get_preferred_scheme("user")):
        script = Path(sysconfig.get_path("scripts", scheme)) / (name + suffix)
        if os.access(script, os.X_OK):
            return LaunchCommand((str(script),))
    # In the folder of the package, it is found even if nothing was installed.
    folder = Path(image_describer.__file__).resolve().parent.parent
    return LaunchCommand((str(_without_console(Path(sys.executable))), *otherwise), folder)


def _without_console(interpreter: Path) -> Path:
    """Return the interpreter that opens no console, if there is one; only Windows has it."""
    pythonw = interpreter.with_name("pythonw.exe")
    return pythonw if os.name == "nt" and pythonw.is_file() else interpreter
