"""What the window is about at the moment."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from image_describer.app.tasks.lazy_describer import Described

if TYPE_CHECKING:
    from image_describer.imaging.open import Picture


@dataclass
class Current:
    """The file (or what stands for its name), its pixels once read, its description once made.

    ``message`` is the last thing told that is no description, for Ctrl+R; ``place`` says which of
    the earlier descriptions it is ("2 of 14"), empty for the newest.
    """

    file: str | None = None
    picture: "Picture | None" = None
    described: Described | None = None
    message: str = ""
    place: str = ""
