"""A blind person's round by keys alone, in German: a picture, its details and parts, an error."""

from pathlib import Path

from image_describer.paths import assets_folder
from tests.support.spoken import SpokenApp

ENVIRONMENT = {"LANGUAGE": "de"}
# What must be heard after the keys.
STEPS = (
    ("Katze",),
    ("Katze", "ctrl+r"),
    ("Details, Dialog. Ich bin mir zu", "ctrl+d"),
    ("Beschreibung", "Escape"),
    ("Erkunden. Mitte.", "ctrl+e"),
    ("Links. ", "Left"),
    ("Erkunden aus.", "Escape"),
    ("Kopiert: ", "ctrl+c"),
    ("cat.jpg. 451 mal 300", "F2"),
    ("Einstellungen, Dialog.", "ctrl+comma"),
    ("Beschreibung", "Escape"),
    ("Bild öffnen, Dialog.", "ctrl+o"),
    ("Beschreibung", "Escape"),
)


def picture(_folder: Path) -> Path:
    """The picture that is opened."""
    return assets_folder() / "samples" / "cat.jpg"


def play(app: SpokenApp) -> None:
    """Press the keys and wait for each answer."""
    for part, *keys in STEPS:
        app.wait_to_hear(part, *keys)
