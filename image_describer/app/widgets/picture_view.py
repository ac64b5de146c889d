"""The picture, scaled to the room it has, off the window's thread; a region of it outlined."""

import tkinter as tk
from typing import TYPE_CHECKING, Any

from PIL import Image, ImageTk

from image_describer.app import theme
from image_describer.app.tasks.jobs import Job, Jobs

if TYPE_CHECKING:
    from image_describer.captioner.description import Region
    from image_describer.imaging.open import Picture

SETTLE_MS = 60  # a window that is being dragged sends many sizes; only the one it ends at counts
# The outline of a region, widths in pixels: of a light and a dark colour one shows on any picture.
OUTLINES = (("#000000", 9), ("#ffd500", 5))
OUTLINE = "outline"


class PictureView(tk.Canvas):
    """Shows one picture as large as it fits, never larger than four times its own size."""

    LARGEST_ZOOM = 4.0

    def __init__(self, master: tk.Misc, jobs: Jobs) -> None:
        super().__init__(master, height=120)
        theme.dress(self, "picture")
        self._jobs = jobs
        self._picture: Picture | None = None
        self._image: ImageTk.PhotoImage | None = None
        self._job: Job | None = None
        self._resizing: str | None = None
        self._region: Region | None = None
        self.bind("<Configure>", self._resized)
        self.bind("<Button-1>", lambda _event: self.focus_set())

    def show(self, picture: "Picture | None") -> None:
        """Show ``picture`` as soon as it is scaled, or nothing; no region of it is outlined."""
        self._picture = picture
        self._region = None
        if picture is None:
            self.delete("all")
            self._image = None
            return
        self._scale()

    def outline(self, region: "Region | None") -> None:
        """Draw a frame around ``region`` (fractions of the picture), or none."""
        self._region = region
        self._draw_outline()

    def _resized(self, _event: object) -> None:
        if self._resizing is not None:
            self.after_cancel(self._resizing)
        self._resizing = self.after(SETTLE_MS, self._scale)

    def _scale(self) -> None:
        self._resizing = None
        if self._job is not None:
            self._job.cancel()
        ring = 2 * int(self.cget("highlightthickness"))
        picture, room = self._picture, (self.winfo_width() - ring, self.winfo_height() - ring)
        if picture is not None and min(room) > 1:
            self._job = self._jobs.start(
                lambda _job: scaled(picture, room, self.LARGEST_ZOOM), self._draw, self._failed
            )

    def _draw(self, image: Image.Image) -> None:
        if self._picture is None:
            return
        # Tk keeps no reference of its own: without this one the picture would vanish.
        self._image = ImageTk.PhotoImage(image, master=self)
        self.delete("all")
        self.create_image(
            self.winfo_width() // 2, self.winfo_height() // 2, image=self._image, anchor="center"
        )
        self._draw_outline()

    def _draw_outline(self) -> None:
        self.delete(OUTLINE)
        if self._region is None or self._image is None:
            return
        width, height = self._image.width(), self._image.height()
        left, top = self.winfo_width() // 2 - width // 2, self.winfo_height() // 2 - height // 2
        x0, y0, x1, y1 = self._region
        # Inside the region: at the picture's edge, half of a frame on its border would be lost.
        inset = OUTLINES[0][1] // 2
        corners = (
            left + x0 * width + inset,
            top + y0 * height + inset,
            left + x1 * width - inset,
            top + y1 * height - inset,
        )
        for colour, thickness in OUTLINES:
            self.create_rectangle(*corners, outline=colour, width=thickness, tags=OUTLINE)

    def _failed(self, error: Exception) -> None:
        raise error  # Jobs logs it; the words matter more than the view


def scaled(picture: "Picture", room: tuple[int, int], largest_zoom: float) -> Image.Image:
    """The picture within ``room`` (width, height in pixels), its proportions kept."""
    image: Any = Image.fromarray(picture.pixels)
    zoom = min(room[0] / image.width, room[1] / image.height, largest_zoom)
    size = (max(1, round(image.width * zoom)), max(1, round(image.height * zoom)))
    return image.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)
