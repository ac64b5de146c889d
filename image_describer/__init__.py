"""Image Describer says what a picture shows, offline, and how confident it is.

>>> from image_describer import Describer
>>> Describer().describe("holiday.jpg").caption  # doctest: +SKIP
'a brown dog runs through the grass'

The names in ``__all__`` are the public API. Importing the package loads nothing heavier than NumPy.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from image_describer.captioner.description import Alternative, Description, Seconds, Word
from image_describer.errors import (
    BundleError,
    ImageDescriberError,
    PictureError,
    SpeechError,
)
from image_describer.imaging.region import Region
from image_describer.reading.text import Code, PictureText, TextLine

if TYPE_CHECKING:
    from image_describer.captioner.describer import Describer

__version__ = "0.1.0"
__all__ = [
    "Alternative",
    "BundleError",
    "Code",
    "Describer",
    "Description",
    "ImageDescriberError",
    "PictureError",
    "PictureText",
    "Region",
    "Seconds",
    "SpeechError",
    "TextLine",
    "Word",
    "__version__",
]


def __getattr__(name: str) -> Any:
    # The describer needs the inference engine; those who only want the types don't load it.
    if name == "Describer":
        return import_module("image_describer.captioner.describer").Describer
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
