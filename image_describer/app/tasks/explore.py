"""Ctrl+E, then the arrows: moves over the picture's parts, outlines each, says what it shows."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from image_describer.app import keymap
from image_describer.app import messages as say
from image_describer.app.jobs import BackgroundJob
from image_describer.app.tasks.progress import JobProgress
from image_describer.app.voice import self_voicing
from image_describer.app.widgets.picture_view import PictureView
from image_describer.text import file_name

if TYPE_CHECKING:
    import tkinter as tk

    from image_describer.app.context import AppContext, CurrentPicture
    from image_describer.app.tasks.lazy_describer import DescriberLike
    from image_describer.captioner.description import Description
    from image_describer.captioner.explore import GridCursor, PartDescriber
    from image_describer.imaging.open import Picture
    from image_describer.imaging.region import Region

STARTED = "Exploring."
ENDED = "No longer exploring."
EDGE = "Edge."
TOO_SMALL = "This part is too small to go further into it."
NOT_WORTHWHILE = "This picture is too small to be explored."
WHOLE = "This is the whole picture."
NO_PIXELS = "The picture itself is not open any more. Open it again to explore it."
HINT = "Arrow keys explore."
NO_PICTURE = "none"

MOVES = {"Left": (-1, 0), "Right": (1, 0), "Up": (0, -1), "Down": (0, 1)}
ENTER = ("Return", "KP_Enter")
BACK = "BackSpace"
# With these held, the key belongs to a command of the table, or to the system.
MODIFIERS = ("Control", "Alt", "Shift", "Command")


class Explorer:
    """Works the keys of ``view`` while it has the focus, and the command that leads there.

    ``load()`` gives the Describer, and may take long or raise BundleError; it is called off the
    window's thread. ``current`` is the program's own: when its picture has changed, the next key
    begins anew with that one. ``show(words)`` gets what is said of each part, for whoever sees;
    nothing, once it is over.
    """

    def __init__(
        self,
        context: "AppContext",
        view: PictureView,
        load: "Callable[[], DescriberLike]",
        current: "CurrentPicture",
        show: Callable[[str], None],
    ) -> None:
        self._context = context
        self._view = view
        self._load = load
        self._current = current
        self._show = show
        self._picture: Picture | None = None  # the one that is being explored
        self._walk: GridCursor | None = None
        self._parts: PartDescriber | None = None
        self._before: tk.Misc | None = None
        self._progress = JobProgress(context)
        self._job: BackgroundJob | None = None
        self._ahead: BackgroundJob | None = None
        self._said = ""  # the part one is in, as it was said
        self_voicing.set_name(view, "Picture", role="image", state=self._state)
        self._bind_keys()

    @property
    def active(self) -> bool:
        """Whether the picture that is open is being explored."""
        return self._walk is not None and self._picture is self._current.picture

    @property
    def place(self) -> str:
        """Which part one is in ("top left"); empty while nothing is explored."""
        return self._walk.position if self.active and self._walk is not None else ""

    def repeat(self) -> bool:
        """Say the part one is in again; False where the focus is not on it."""
        here = self.active and self_voicing.focused(self._context.root) is self._view
        if here:
            self._tell_part()
        return here

    def toggle(self) -> None:
        """Begin in the centre, or end; from elsewhere, go back to the part one was in."""
        focused = self_voicing.focused(self._context.root)
        if self.active and focused is self._view:
            self.leave()
            return
        if focused is not self._view:
            self._before = focused
        if self.active:
            self._take_focus()
            self._tell_part()
        else:
            self._start()

    def leave(self) -> None:
        """End it, say so, and give the focus back to where it was."""
        self.forget()
        self._context.voice.answer(ENDED)
        before, self._before = self._before, None
        if before is not None and before.winfo_exists():
            before.focus_set()

    def forget(self) -> None:
        """End it without a word."""
        if self._walk is None:
            return
        for job in (self._job, self._ahead):
            if job is not None:
                job.cancel()
        if self._parts is not None:
            self._parts.close()
        self._picture = self._walk = self._parts = self._job = self._ahead = None
        self._view.outline(None)
        self._show("")

    def _bind_keys(self) -> None:
        for name, (dx, dy) in MOVES.items():
            for key in (name, f"KP_{name}"):
                self._bind(key, lambda dx=dx, dy=dy: self._move(dx, dy))  # type: ignore[misc]
        for key in ENTER:
            self._bind(key, self._zoom_in)
        self._bind(BACK, self._zoom_out)
        self._view.bind("<Escape>", self._escape)

    def _bind(self, key: str, action: "Callable[[], None]") -> None:
        def pressed(_event: object) -> str:
            if self.active:
                action()
            else:
                self._start()
            return "break"

        self._view.bind(f"<{key}>", pressed)
        for modifier in MODIFIERS:
            # More specific, so that it takes the other one's place, and does nothing.
            self._view.bind(f"<{modifier}-{key}>", lambda _event: None)

    def _escape(self, _event: object) -> str | None:
        # Escape stops what is being said first, as everywhere.
        if not self.active or self._context.voice.speaking:
            return None
        self.leave()
        return "break"

    def _start(self) -> None:
        self.forget()
        picture = self._current.picture
        if picture is None:
            self._answer(self._why_none())
            return
        # Needs NumPy and Pillow, which the window is there without.
        from image_describer.captioner.explore import GridCursor, PartDescriber

        height, width = picture.pixels.shape[:2]
        walk = GridCursor(width, height)
        if not walk.can_explore():
            self._answer(NOT_WORTHWHILE)
            return
        self._picture, self._walk = picture, walk
        # Loading the Describer is a part of describing: both happen on the job's thread.
        self._parts = PartDescriber(lambda part: self._load().describe(part), picture.pixels)
        self._take_focus()
        self._tell_part(STARTED)

    def _why_none(self) -> str:
        if self._current.file is None:
            return say.with_keys(say.NO_PICTURE, keymap.spoken)
        return NO_PIXELS if self._current.described is not None else say.WORKING

    def _take_focus(self) -> None:
        if self_voicing.focused(self._context.root) is not self._view:
            self_voicing.skip_next_focus(self._view)  # its part is said instead of its name
            self._view.focus_set()

    def _move(self, dx: int, dy: int) -> None:
        if self._walk is not None and self._walk.move(dx, dy):
            self._tell_part()
        else:
            self._answer(EDGE)

    def _zoom_in(self) -> None:
        if self._walk is not None and self._walk.zoom_in():
            self._tell_part()
        else:
            self._answer(TOO_SMALL)

    def _zoom_out(self) -> None:
        if self._walk is not None and self._walk.zoom_out():
            self._tell_part()
        else:
            self._answer(WHOLE)

    def _tell_part(self, before: str = "") -> None:
        """Outline the part and say what it shows, at once if that is known."""
        walk, parts = self._walk, self._parts
        if walk is None or parts is None:
            return
        for job in (self._job, self._ahead):
            if job is not None:
                job.cancel()
        box, place = walk.box, f"{walk.position[0].upper()}{walk.position[1:]}."
        self._said = place
        self._view.outline(box)
        known = parts.cached(box)
        if known is not None:
            self._found(place, known, before)
            return
        self._job = self._context.jobs.start(
            lambda job: parts.describe(box, lambda: not job.cancelled),
            lambda description: self._found(place, description, before),
            self._failed,
        )
        self._progress.watch(self._job)

    def _found(self, place: str, description: "Description", before: str) -> None:
        from image_describer.wording.sentence import part_sentence

        if self._walk is None:
            return
        self._said = f"{place} {part_sentence(description, hedged=self._context.settings.hedging)}"
        self._show(self._said)
        self._answer(f"{before} {self._said}".strip())
        self._work_ahead(self._walk.likely_next())

    def _work_ahead(self, boxes: "list[Region]") -> None:
        parts = self._parts
        if parts is None or all(parts.cached(box) is not None for box in boxes):
            return
        self._ahead = self._context.jobs.start(
            lambda job: parts.describe_ahead(boxes, lambda: not job.cancelled),
            lambda _nothing: None,
            say.log_error,  # whoever goes there is told
        )

    def _failed(self, error: Exception) -> None:
        say.log_error(error)
        self.forget()
        self._context.voice.error(say.user_message(error))

    def _answer(self, text: str) -> None:
        self._context.voice.answer(text)

    def _state(self) -> str:
        """What is said of the view when the focus comes to it."""
        if self.active:
            return self._said
        if self._current.picture is None:
            return NO_PICTURE
        file = file_name(self._current.file) if self._current.file else ""
        return f"{file}. {HINT}" if file else HINT
