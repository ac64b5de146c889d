"""What the parts of the window share: root, jobs, voice, settings, dialogs, the current picture."""

import tkinter as tk
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from image_describer.app.jobs import JobRunner
from image_describer.app.messages import log_error
from image_describer.app.modifier_keys import is_modifier
from image_describer.app.voice.announcer import Announcer
from image_describer.settings import Settings

if TYPE_CHECKING:
    from image_describer.app.pages import PageNumber
    from image_describer.captioner.description import Description
    from image_describer.imaging.open import Picture
    from image_describer.speech import Speaker
    from image_describer.wording.sentence import SpokenDescription


@dataclass(frozen=True)
class DescribedPicture:
    """A description and what is spoken of it, worded as the settings say.

    ``facts`` are sentences about the file: its date, its size on disk.
    """

    description: "Description"
    spoken: "SpokenDescription"
    facts: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """What is spoken, as one line."""
        return self.spoken.text

    @property
    def confidence(self) -> str:
        """How sure the sentence is, as a label: "76 percent sure"; empty for what is only read."""
        from image_describer.wording.details import confidence_label

        return confidence_label(self.description)


@dataclass
class CurrentPicture:
    """The picture that the window shows.

    ``file`` is its path, or what stands for its name; ``picture`` its pixels, once read;
    ``page`` its number in a document; ``described`` its description, once made, which may go into
    the history if ``kept``; ``position`` is its place in a list, "7 of 8". ``message`` is what
    Ctrl+R says while there is no description, and ``details`` what Ctrl+D adds. ``status`` is the
    status line, ``notice`` an error that left the picture in place.
    """

    file: str | None = None
    picture: "Picture | None" = None
    page: "PageNumber | None" = None
    described: DescribedPicture | None = None
    kept: bool = True
    position: str = ""
    message: str = ""
    details: str = ""
    status: str = ""
    notice: str = ""


class OpenDialog(Protocol):
    """A dialog that is open. ``question`` is what Ctrl+R says while it is topmost, if anything.

    ``keys_help`` says which keys it has; `leave` is that of Dialog.
    """

    question: str
    keys_help: str
    all_keys: bool

    @property
    def heading(self) -> str: ...

    def close(self) -> None: ...

    def leave(self) -> bool: ...

    def show_again(self) -> None: ...

    def winfo_viewable(self) -> bool: ...

    def lift(self) -> None: ...

    def focus_lastfor(self) -> tk.Misc | None: ...

    def focus_force(self) -> None: ...


@dataclass
class AppContext:
    """The objects that the parts of the window share.

    ``settings`` is replaced, never changed; ``run`` maps a command's name to its function;
    ``dialogs`` holds the open dialogs, the topmost last. ``reader`` is the name of the screen
    reader that runs, if any, ``speaks_through`` that of the reader, or of the system's speech
    service, that speaks for this program. ``report_error(error)`` says and shows an
    error that leaves the current picture in place.
    """

    root: tk.Tk
    jobs: JobRunner
    speaker: "Speaker"
    voice: Announcer
    settings: Settings = field(default_factory=Settings)
    run: Mapping[str, Callable[[], None]] = field(default_factory=dict)
    dialogs: list[OpenDialog] = field(default_factory=list)
    reader: str = ""
    speaks_through: str = ""
    report_error: Callable[[Exception], None] = log_error

    def key_pressed(self, key: str, repeated: bool) -> None:
        """Silence what is being said, and play the key click, where the user wants it."""
        self.voice.key_pressed(repeated)
        # Afterwards, because stopping speech drops what is being played beside it.
        if self.settings.key_sounds and not is_modifier(key):
            self.voice.earcon("key")
