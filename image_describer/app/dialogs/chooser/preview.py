"""What a sighted helper sees of the entry at the cursor: a small picture in a corner."""

import tkinter as tk

from PIL import Image, ImageTk

from image_describer.app import theme
from image_describer.app.dialogs.chooser.listing import Entry
from image_describer.app.dialogs.chooser.thumbnails import Thumbnails
from image_describer.app.jobs import JobRunner

SIZE_PX = (240, 240)


class Preview(tk.Canvas):
    """Shows the picture of one entry. It takes no focus: there is nothing to hear in it."""

    def __init__(self, master: tk.Misc, jobs: JobRunner, root: tk.Misc) -> None:
        super().__init__(master, width=SIZE_PX[0], height=SIZE_PX[1], borderwidth=0)
        theme.apply_style(self, "frame")
        self.configure(highlightthickness=0, takefocus=0)
        # By the root's timer: one of this widget's own would outlive it and fail.
        self._thumbnails = Thumbnails(jobs, root.after, self._draw)
        self._image: ImageTk.PhotoImage | None = None

    def show(self, entry: Entry | None) -> None:
        """Show ``entry`` as soon as there is time, if it is a picture."""
        is_picture = entry is not None and entry.kind == "picture"
        self._thumbnails.want(entry.path if entry is not None and is_picture else None, SIZE_PX)

    def close(self) -> None:
        """Draw nothing more."""
        self._thumbnails.close()
        self._draw(None)  # here and now: Tk's image must not be left to another thread's garbage

    def _draw(self, image: Image.Image | None) -> None:
        self.delete("all")
        # Tk keeps no reference of its own: without this one the picture would vanish.
        self._image = None if image is None else ImageTk.PhotoImage(image, master=self)
        if self._image is not None:
            self.create_image(self.winfo_width() // 2, self.winfo_height() // 2, image=self._image)
