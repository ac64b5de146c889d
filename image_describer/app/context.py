"""What the parts of the window share: the root, the jobs, the voice, the settings, the dialogs."""

import tkinter as tk
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from image_describer.app.messages import log_it
from image_describer.app.tasks.jobs import Jobs
from image_describer.app.voice.announcer import Telling
from image_describer.app.voice.talk import Talk
from image_describer.settings import Settings

if TYPE_CHECKING:
    from image_describer.app.dialogs.base import Dialog


@dataclass
class Desk:
    """``settings`` is replaced, never changed; ``run`` has a function for each command's name.

    ``dialogs`` holds those that are open, the topmost last. ``trouble(error)`` says and shows what
    went wrong beside the picture, which stays.
    """

    root: tk.Tk
    jobs: Jobs
    talk: Talk
    voice: Telling
    settings: Settings = field(default_factory=Settings)
    run: Mapping[str, Callable[[], None]] = field(default_factory=dict)
    dialogs: "list[Dialog]" = field(default_factory=list)
    trouble: Callable[[Exception], None] = log_it

    def key_pressed(self) -> None:
        """Make a key heard, for those who want that."""
        if self.settings.key_sounds:
            self.voice.earcon("key")
