"""The picture, scaled to the room it has off the window's thread; a region can be outlined."""

import tkinter as tk
from typing import TYPE_CHECKING, Any

from PIL import Image, ImageTk

from image_describer.app import theme
from image_describer.app.jobs import BackgroundJob, JobRunner
from image_describer.app.messages import log_error
from image_describer.app.widgets.card import Card

if TYPE_CHECKING:
    from image_describer.imaging.open import Picture
    from image_describer.imaging.region import Region

RESIZE_DELAY_MS = 60  # while a window is resized, only its last size is worth scaling for
HEIGHT_PX = 120  # at least
# Colours and widths in pixels of the outline: one of the two is visible on any picture.
OUTLINES = (("#000000", 9), ("#ffd500", 5))
OUTLINE_TAG = "outline"


class PictureView(tk.Canvas):
    """Shows one picture as large as fits, at most ``MAX_ZOOM`` times its own size."""

    MAX_ZOOM = 4.0

    def __init__(self, master: tk.Misc, jobs: JobRunner) -> None:
        card = Card(master)
        super().__init__(card, height=theme.px(master, HEIGHT_PX))
        theme.apply_style(self, "picture")
        card.hold(self)
        self._jobs = jobs
        self._picture: Picture | None = None
        self._image: ImageTk.PhotoImage | None = None
        self._job: BackgroundJob | None = None
        self._resize_timer: str | None = None
        self._region: Region | None = None
        self.bind("<Configure>", self._on_resize)
        self.bind("<Button-1>", lambda _event: self.focus_set())

    def show(self, picture: "Picture | None") -> None:
        """Show ``picture`` as soon as it is scaled, without an outline; None clears the view."""
        self._picture = picture
        self._region = None
        if picture is None:
            self.delete("all")
            self._image = None
            return
        self._scale()

    def outline(self, region: "Region | None") -> None:
        """Outline ``region`` (x0, y0, x1, y1 as fractions of the picture), or nothing."""
        self._region = region
        self._draw_outline()

    def _on_resize(self, _event: object) -> None:
        if self._resize_timer is not None:
            self.after_cancel(self._resize_timer)
        self._resize_timer = self.after(RESIZE_DELAY_MS, self._scale)

    def _scale(self) -> None:
        self._resize_timer = None
        if self._job is not None:
            self._job.cancel()
        picture, room = self._picture, (self.winfo_width(), self.winfo_height())
        if picture is not None and min(room) > 1:
            self._job = self._jobs.start(
                lambda _job: scaled(picture, room, self.MAX_ZOOM), self._draw, log_error
            )

    def _draw(self, image: Image.Image) -> None:
        if self._picture is None:
            return
        # Tk keeps no reference of its own; without this one the image would be freed.
        self._image = ImageTk.PhotoImage(image, master=self)
        self.delete("all")
        self.create_image(
            self.winfo_width() // 2, self.winfo_height() // 2, image=self._image, anchor="center"
        )
        self._draw_outline()

    def _draw_outline(self) -> None:
        self.delete(OUTLINE_TAG)
        if self._region is None or self._image is None:
            return
        width, height = self._image.width(), self._image.height()
        left, top = self.winfo_width() // 2 - width // 2, self.winfo_height() // 2 - height // 2
        x0, y0, x1, y1 = self._region
        # Drawn inside the region: half of a line on the picture's edge would be cut off.
        inset = theme.px(self, OUTLINES[0][1]) // 2
        corners = (
            left + x0 * width + inset,
            top + y0 * height + inset,
            left + x1 * width - inset,
            top + y1 * height - inset,
        )
        for colour, thickness in OUTLINES:
            width_px = theme.px(self, thickness)
            self.create_rectangle(*corners, outline=colour, width=width_px, tags=OUTLINE_TAG)


def scaled(picture: "Picture", room: tuple[int, int], max_zoom: float) -> Image.Image:
    """Scale the picture to fit ``room`` (width, height in pixels), keeping its aspect ratio."""
    image: Any = Image.fromarray(picture.pixels)
    zoom = min(room[0] / image.width, room[1] / image.height, max_zoom)
    size = (max(1, round(image.width * zoom)), max(1, round(image.height * zoom)))
    return image.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)
