"""The rate and the volume that the user's system tells programs to speak with.

On Linux these are the defaults of speech-dispatcher, which screen readers and other programs speak
through. Windows and macOS don't tell other programs what their screen readers use.
"""

import re
from pathlib import Path

# In the order in which speech-dispatcher looks for them.
FILES = (
    Path("~/.config/speech-dispatcher/speechd.conf"),
    Path("/etc/speech-dispatcher/speechd.conf"),
)
FILE_LIMIT_BYTES = 200_000
# Words a minute at -100, 0 and 100, as its module for espeak-ng has them.
SLOWEST_WPM, NORMAL_WPM, FASTEST_WPM = 80, 170, 449
STEP = 5  # of the settings
_LINE = re.compile(r"^\s*Default(Rate|Volume)\s+(-?\d{1,3})\s*$", re.MULTILINE)


def settings() -> dict[str, int]:
    """Return the settings ``rate`` and ``volume`` as far as the system names them."""
    for file in FILES:
        try:
            with file.expanduser().open("rb") as opened:
                content = opened.read(FILE_LIMIT_BYTES).decode("utf-8", "replace")
        except (OSError, RuntimeError):  # RuntimeError: there is no home folder
            continue
        return parse(content)
    return {}


def parse(content: str) -> dict[str, int]:
    """Read them from the content of a speechd.conf; commented lines don't count."""
    found = {name: max(-100, min(100, int(value))) for name, value in _LINE.findall(content)}
    result = {}
    if "Rate" in found:
        far = FASTEST_WPM if found["Rate"] > 0 else SLOWEST_WPM
        result["rate"] = _step(NORMAL_WPM + (far - NORMAL_WPM) * abs(found["Rate"]) / 100)
    if "Volume" in found:
        result["volume"] = _step((found["Volume"] + 100) / 2)
    return result


def _step(value: float) -> int:
    return STEP * round(value / STEP)
