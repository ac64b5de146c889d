"""A thumbnail of the picture at the cursor, for sighted helpers."""

import tkinter as tk

from PIL import Image, ImageOps, ImageTk

from image_describer.app import theme
from image_describer.app.dialogs.chooser.thumbnails import ThumbnailLoader
from image_describer.app.jobs import JobRunner
from image_describer.app.listing import FolderEntry

SIZE_PX = (200, 160)


class PicturePreview(tk.Canvas):
    """Shows the picture of one entry. It takes no focus, since there is nothing to hear."""

    def __init__(self, master: tk.Misc, jobs: JobRunner, root: tk.Misc) -> None:
        width, height = self._size = theme.px(master, SIZE_PX[0]), theme.px(master, SIZE_PX[1])
        super().__init__(master, width=width, height=height, borderwidth=0)
        theme.apply_style(self, "frame")
        self.configure(highlightthickness=0, takefocus=0)
        # The root's timer, because this widget's own would fail after the widget is destroyed.
        self._loader = ThumbnailLoader(jobs, root.after, self._draw)
        self._image: ImageTk.PhotoImage | None = None

    def show(self, entry: FolderEntry | None) -> None:
        """Show ``entry``, if it is a picture, once the cursor rests on it."""
        is_picture = entry is not None and entry.kind == "picture"
        self._loader.request(entry.path if entry is not None and is_picture else None, self._size)

    def close(self) -> None:
        """Stop drawing."""
        self._loader.close()
        self._draw(None)  # frees the image now, on Tk's thread, not in another thread's garbage

    def _draw(self, image: Image.Image | None) -> None:
        self.delete("all")
        room = max(1, self.winfo_width()), max(1, self.winfo_height())
        if image is not None and (image.width > room[0] or image.height > room[1]):
            image = ImageOps.contain(image, room)
        # Tk keeps no reference of its own; without this one the image would be freed.
        self._image = None if image is None else ImageTk.PhotoImage(image, master=self)
        if self._image is not None:
            self.create_image(self.winfo_width() // 2, self.winfo_height() // 2, image=self._image)
