"""Ctrl+E and the arrow keys: moves over the picture's parts, outlines each, says what it shows."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from image_describer.app import keymap, messages
from image_describer.app.jobs import BackgroundJob
from image_describer.app.tasks.progress import JobProgress
from image_describer.app.voice import self_voicing
from image_describer.app.widgets.picture_view import PictureView
from image_describer.i18n import N_, _
from image_describer.text import file_name

if TYPE_CHECKING:
    import tkinter as tk

    from image_describer.app.context import AppContext, CurrentPicture
    from image_describer.captioner.description import Description
    from image_describer.captioner.explore import GridCursor, PartDescriber
    from image_describer.imaging.open import Picture
    from image_describer.imaging.region import Region

STARTED = N_("Exploring.")
KEYS = N_("Arrows move, Enter goes in, Backspace out, Escape ends.")
ENDED = N_("Explore off.")
EDGE = N_("Edge.")
PART_TOO_SMALL = N_("Too small to go in.")
PICTURE_TOO_SMALL = N_("This picture is too small to explore.")
WHOLE_PICTURE = N_("This is the whole picture.")
NO_PIXELS = N_("Open the picture again to explore it.")
HINT = N_("Arrow keys explore.")
NO_PICTURE = N_("none")

MOVES = {"Left": (-1, 0), "Right": (1, 0), "Up": (0, -1), "Down": (0, 1)}
ZOOM_IN_KEYS = ("Return", "KP_Enter")
ZOOM_OUT_KEY = "BackSpace"
# With these, the key belongs to a command of the table or to the system.
MODIFIERS = ("Control", "Alt", "Shift", "Command", "Option")
# Describing takes all cores, which delays what is being said until it is heard.
AHEAD_AFTER_MS = 150


class Explorer:
    """Handles the keys of ``view`` while it has the focus, and the command that starts exploring.

    ``describe(part)`` may take long or raise BundleError, and is called on another thread than the
    window's. ``current`` is kept up to date by the DescribeTask: if it has
    another picture, the next key starts again with that one. ``show(text)`` gets what is said of
    each part, and an empty text at the end.
    """

    def __init__(
        self,
        context: "AppContext",
        view: PictureView,
        describe: "Callable[[Picture], Description]",
        current: "CurrentPicture",
        show: Callable[[str], None],
    ) -> None:
        self._context = context
        self._view = view
        self._describe = describe
        self._current = current
        self._show = show
        self._picture: Picture | None = None  # the one that is explored
        self._cursor: GridCursor | None = None
        self._parts: PartDescriber | None = None
        self._focus_before: tk.Misc | None = None
        self._progress = JobProgress(context)
        self._job: BackgroundJob | None = None
        self._ahead_job: BackgroundJob | None = None
        self._ahead_timer: str | None = None
        self._part_text = ""  # what was said of the current part
        self._part_caption = ""
        self._keys_told = False
        self.translate()
        self._bind_keys()

    def translate(self) -> None:
        """Name the picture in the program's language, which may have changed; end exploring."""
        self.forget()
        self_voicing.set_name(self._view, _("Picture"), role="image", state=self._state)

    @property
    def active(self) -> bool:
        """Whether the current picture is being explored."""
        return self._cursor is not None and self._picture is self._current.picture

    @property
    def part_name(self) -> str:
        """The current part ("top left"); empty while nothing is explored."""
        return self._cursor.position if self.active and self._cursor is not None else ""

    @property
    def part_caption(self) -> str | None:
        """What is copied of the current part; "" until it is described, None while nothing is
        explored.
        """
        return self._part_caption if self.active else None

    def repeat(self) -> bool:
        """Say the current part again; False if the focus is elsewhere."""
        focused = self.active and self_voicing.focused(self._context.root) is self._view
        if focused:
            self._say_part()
        return focused

    def toggle(self) -> None:
        """Start in the centre, or end; if the focus is elsewhere, return to the current part."""
        focused = self_voicing.focused(self._context.root)
        if self.active and focused is self._view:
            self.leave()
            return
        if focused is not self._view:
            self._focus_before = focused
        if self.active:
            self._take_focus()
            self._say_part()
        else:
            self._start()

    def leave(self) -> None:
        """End it, say so, and return the focus to where it was."""
        self.forget()
        self._context.voice.answer(_(ENDED))
        before, self._focus_before = self._focus_before, None
        if before is not None and before.winfo_exists():
            before.focus_set()

    def forget(self) -> None:
        """End it silently."""
        if self._cursor is None:
            return
        self._cancel_jobs()
        if self._parts is not None:
            self._parts.close()
        self._picture = self._cursor = self._parts = self._job = self._ahead_job = None
        self._view.outline(None)
        self._show("")

    def _cancel_jobs(self) -> None:
        for job in (self._job, self._ahead_job):
            if job is not None:
                job.cancel()
        if self._ahead_timer is not None:
            self._view.after_cancel(self._ahead_timer)
            self._ahead_timer = None

    def _bind_keys(self) -> None:
        for name, (dx, dy) in MOVES.items():
            for key in (name, f"KP_{name}"):
                self._bind(key, lambda dx=dx, dy=dy: self._move(dx, dy))  # type: ignore[misc]
        for key in ZOOM_IN_KEYS:
            self._bind(key, self._zoom_in)
        self._bind(ZOOM_OUT_KEY, self._zoom_out)
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
            # The more specific binding replaces the one above, and does nothing.
            self._view.bind(f"<{modifier}-{key}>", lambda _event: None)

    def _escape(self, _event: object) -> str | None:
        if not self.active:
            return None
        self.leave()
        return "break"

    def _start(self) -> None:
        self.forget()
        picture = self._current.picture
        if picture is None:
            self._answer(self._why_no_pixels())
            return
        # Imported here because it needs NumPy and Pillow, without which the window opens faster.
        from image_describer.captioner.explore import GridCursor, PartDescriber

        height, width = picture.pixels.shape[:2]
        cursor = GridCursor(width, height)
        if not cursor.can_explore():
            self._answer(_(PICTURE_TOO_SMALL))
            return
        self._picture, self._cursor = picture, cursor
        # The Describer is loaded on the job's thread, with the first part.
        self._parts = PartDescriber(self._describe, picture.pixels)
        self._take_focus()
        self._say_part(_(STARTED))

    def _why_no_pixels(self) -> str:
        if self._current.file is None:
            return keymap.with_keys(_(messages.NO_PICTURE), keymap.spoken)
        return _(NO_PIXELS) if self._current.described is not None else _(messages.WORKING)

    def _take_focus(self) -> None:
        if self_voicing.focused(self._context.root) is not self._view:
            self_voicing.skip_next_focus(self._view)  # its part is said instead
            self._view.focus_set()

    def _move(self, dx: int, dy: int) -> None:
        if self._cursor is not None and self._cursor.move(dx, dy):
            self._say_part()
        else:
            self._answer(_(EDGE))

    def _zoom_in(self) -> None:
        if self._cursor is not None and self._cursor.zoom_in():
            self._say_part()
        else:
            self._answer(_(PART_TOO_SMALL))

    def _zoom_out(self) -> None:
        if self._cursor is not None and self._cursor.zoom_out():
            self._say_part()
        else:
            self._answer(_(WHOLE_PICTURE))

    def _say_part(self, prefix: str = "") -> None:
        """Say where the current part is, at once, and what it shows; outline it."""
        cursor, parts = self._cursor, self._parts
        if cursor is None or parts is None:
            return
        self._cancel_jobs()
        box, name = cursor.box, f"{cursor.position[0].upper()}{cursor.position[1:]}."
        self._part_text, self._part_caption = name, ""
        place = f"{prefix} {name}".strip()
        cached = parts.cached(box)
        if cached is not None:
            described = self._part_described(name, cached)
            self._context.voice.answer_and_quote(place, described, cached.language)
        else:
            self._answer(place)
            self._job = self._context.jobs.start(
                lambda job: parts.describe(box, lambda: not job.cancelled),
                lambda description: self._say_described(name, description),
                self._failed,
            )
            self._progress.watch(self._job)
        self._view.outline(box)  # drawing it delays nothing that is said

    def _say_described(self, name: str, description: "Description") -> None:
        """Say what the part shows, after where it is."""
        if self._cursor is None:
            return
        described = self._part_described(name, description)
        self._context.voice.say_next(described, language=description.language)
        if not self._keys_told:
            self._keys_told = True
            self._context.voice.say_next(_(KEYS))

    def _part_described(self, name: str, description: "Description") -> str:
        """Show the sentence about the current part, and return it."""
        from image_describer.wording.sentence import part_sentence

        assert self._cursor is not None
        whole = self._current.described
        if whole is not None and whole.description.text is not None:
            text = whole.description.text.within(self._cursor.box)
            description = replace(description, text=text)
        sentence = part_sentence(description, hedged=self._context.settings.hedging)
        self._part_text = f"{name} {sentence}"
        self._part_caption = description.caption if description.has_scene else sentence
        boxes = self._cursor.likely_next()
        self._ahead_timer = self._view.after(AHEAD_AFTER_MS, self._describe_ahead, boxes)
        self._show(self._part_text)
        return sentence

    def _describe_ahead(self, boxes: "list[Region]") -> None:
        self._ahead_timer = None
        parts = self._parts
        if parts is None or all(parts.cached(box) is not None for box in boxes):
            return
        self._ahead_job = self._context.jobs.start(
            lambda job: parts.describe_ahead(boxes, lambda: not job.cancelled),
            lambda _result: None,
            messages.log_error,  # the error is reported when the user goes there
        )

    def _failed(self, error: Exception) -> None:
        messages.log_error(error)
        self.forget()
        self._context.voice.error(messages.user_message(error))

    def _answer(self, text: str) -> None:
        self._context.voice.answer(text)

    def _state(self) -> str:
        """What is said of the view when it gets the focus."""
        if self.active:
            return self._part_text
        if self._current.picture is None:
            return _(NO_PICTURE)
        file = file_name(self._current.file) if self._current.file else ""
        return f"{file}. {_(HINT)}" if file else _(HINT)
