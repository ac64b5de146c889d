"""The picture, scaled to the room it has, off the window's thread."""

import tkinter as tk
from typing import TYPE_CHECKING, Any

from PIL import Image, ImageTk

from image_describer.app import look
from image_describer.app.worker import Job, Jobs

if TYPE_CHECKING:
    from image_describer.picture import Picture

SETTLE_MS = 60  # a window that is being dragged sends many sizes; only the one it ends at counts


class PictureView(tk.Canvas):
    """Shows one picture as large as it fits, never larger than four times its own size."""

    LARGEST_ZOOM = 4.0

    def __init__(self, master: tk.Misc, jobs: Jobs) -> None:
        super().__init__(
            master, background=look.BACKGROUND, highlightthickness=0, takefocus=0, height=120
        )
        self._jobs = jobs
        self._picture: Picture | None = None
        self._image: ImageTk.PhotoImage | None = None
        self._job: Job | None = None
        self._resizing: str | None = None
        self.bind("<Configure>", self._resized)

    def show(self, picture: "Picture | None") -> None:
        """Show ``picture`` as soon as it is scaled, or nothing."""
        self._picture = picture
        if picture is None:
            self.delete("all")
            self._image = None
            return
        self._scale()

    def _resized(self, _event: object) -> None:
        if self._resizing is not None:
            self.after_cancel(self._resizing)
        self._resizing = self.after(SETTLE_MS, self._scale)

    def _scale(self) -> None:
        self._resizing = None
        if self._job is not None:
            self._job.cancel()
        picture, room = self._picture, (self.winfo_width(), self.winfo_height())
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

    def _failed(self, error: Exception) -> None:
        raise error  # Jobs logs it; the words matter more than the view


def scaled(picture: "Picture", room: tuple[int, int], largest_zoom: float) -> Image.Image:
    """The picture within ``room`` (width, height in pixels), its proportions kept."""
    image: Any = Image.fromarray(picture.pixels)
    zoom = min(room[0] / image.width, room[1] / image.height, largest_zoom)
    size = (max(1, round(image.width * zoom)), max(1, round(image.height * zoom)))
    return image.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)
