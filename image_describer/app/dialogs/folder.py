"""Ctrl+Shift+O: describes the pictures of a folder on all cores, into a list and the index."""

from collections.abc import Callable, Mapping, Sequence

from image_describer.app import messages, theme
from image_describer.app.context import AppContext
from image_describer.app.dialogs.base import Dialog
from image_describer.app.dialogs.question import QuestionDialog, do_nothing
from image_describer.app.jobs import BackgroundJob
from image_describer.app.tasks.folder import STOPPING, FolderTask
from image_describer.app.tasks.folder_run import FolderRun, ResultLine
from image_describer.app.tasks.own_pictures import OwnPictures
from image_describer.app.tasks.progress import JobProgress
from image_describer.app.voice import self_voicing
from image_describer.app.widgets.button import RETURN_KEYS
from image_describer.app.widgets.check_box import CheckBox
from image_describer.app.widgets.item_list import ItemList
from image_describer.app.widgets.label import Label, WrappedLabel
from image_describer.app.widgets.read_only_text import ReadOnlyText
from image_describer.i18n import N_, _
from image_describer.text import file_name, number, one_line

TITLE = N_("Describe a folder")
NOTHING_TO_SAVE = N_("There is no list yet. Begin makes one.")
QUESTION = N_("This folder has {count} pictures. Describe them all?")
ASK_ABOVE = 100  # pictures; they take about a minute
GAP_PX = 4
ROWS = 12
FULL_TEXT_LINES = 3


class FolderWindow(Dialog):
    """Asks for a folder, and shows the list of ``task``, which goes on when this is closed.

    ``folder`` is offered, and the list begins with what ``own_pictures`` know in it; without, both
    are those of the last run. ``open_picture(file, files)`` is called with the chosen file and all
    of the list. The cursor is on ``shown_file``, if it is listed.
    """

    own_command = "folder"
    keys_help = N_(
        "Type a folder, in which Tab completes and Down reads the matches; Enter begins. In the "
        "list, the arrow keys and the first letters of a name go to a picture, Enter opens it. "
        "Escape stops, then closes."
    )

    def __init__(
        self,
        context: AppContext,
        task: FolderTask,
        own_pictures: OwnPictures,
        open_picture: Callable[[str, Sequence[str]], None],
        folder: str = "",
        shown_file: str | None = None,
    ) -> None:
        from image_describer.app.dialogs.save import SaveDialog

        super().__init__(context, _(TITLE))
        self._task = task
        self._own_pictures = own_pictures
        self._open_picture = open_picture
        self._folder = folder
        self._counting: BackgroundJob | None = None
        self._progress = JobProgress(context)
        self._save_dialog = SaveDialog(context)
        self._make_widgets()
        buttons = self.add_buttons(
            (_("Begin"), lambda: self._begin(self.path.get())),
            (_("Open"), self._open_chosen),
            (_("Save list"), self._save),
            (_("Close"), self.close),
        )
        self._close_button = buttons[-1]
        task.view = self
        if folder:
            self.offer(folder)
        else:
            self._folder = task.folder
            self.path.show_folder(self._folder)
        self.refresh()
        files = [line.file for line in task.lines]
        self.list.move_cursor(files.index(shown_file) if shown_file in files else 0)
        self.open(self.list if files and not folder else self.path)

    @property
    def running(self) -> bool:
        """Whether pictures are being counted or described."""
        return self._task.running or (self._counting is not None and self._counting.running)

    @property
    def commands(self) -> Mapping[str, Callable[[], None]]:
        """What the keys of the window's commands run while this has the focus."""
        return {**super().commands, "save": self._save}

    def offer(self, folder: str) -> None:
        """Put ``folder`` into the box for its path, and list what is known of its pictures."""
        self._folder = folder
        self.path.show_folder(folder)
        if not self._task.running:
            run = FolderRun(folder, self.subfolders.on, self.context.settings, indexed=False)
            self._task.load(run, self._own_pictures)
        self.path.focus_set()

    def leave(self) -> bool:
        """Close it for a command of the main window. A run goes on."""
        super().close()
        return True

    def close(self) -> None:
        """Stop the run that is in progress; otherwise, or when called again, close the window."""
        run = self._task.run
        if self._task.running and run is not None and not run.stopped:
            self._progress.forget()
            self._task.stop()
            self._answer(_(STOPPING))
        else:
            super().close()

    def destroy(self) -> None:
        """Destroy the window, without stopping a run."""
        self._task.view = None
        self._progress.forget()
        if self._counting is not None:
            self._counting.cancel()
        self.path.close()
        super().destroy()

    def refresh(self) -> None:
        """See FolderView."""
        self.list.set_items([])
        self.add(0, self._task.lines)
        self.show_status(self._task.status)
        job = self._task.job
        self._close_button.configure(text=_("Stop") if job is not None else _("Close"))
        if job is not None:
            self._progress.watch(job, announced=True)

    def add(self, index: int, lines: Sequence[ResultLine]) -> None:
        """See FolderView."""
        names = [file_name(line.file) for line in lines]
        untouched = self.list.cursor <= 0 and self_voicing.focused(self) is not self.list
        self.list.add(index, [line.text for line in lines], names)
        if untouched:
            self.list.move_cursor(0)
        self._show_full_text()

    def show_status(self, text: str) -> None:
        """Show ``text`` under the list; Ctrl+R says it."""
        self.question = text
        self._status.configure(text=one_line(text) or " ")

    def ended(self) -> None:
        """Go to the list, unless the user has stopped the run or gone elsewhere."""
        self._close_button.configure(text=_("Close"))
        run = self._task.run
        stayed = self_voicing.focused(self) in (self.path, self.default_button)
        if self._task.lines and stayed and run is not None and not run.stopped:
            self.list.focus_set()

    def _make_widgets(self) -> None:
        from image_describer.app.dialogs.chooser.path_field import PathField

        self.body.columnconfigure(0, weight=1)
        self.body.rowconfigure(3, weight=1)
        Label(self.body, _("Folder")).grid(row=0, column=0, sticky="w")
        self.path = PathField(
            self.body,
            self.context.jobs,
            current_folder=lambda: self._folder,
            all_files=lambda: False,
            go=self._begin,
            say=self._answer,
            folders_only=True,
        )
        self_voicing.set_name(self.path, _("Folder"), hint=_("Enter begins"))
        self.path.grid(row=1, column=0, sticky="ew")
        self.subfolders = CheckBox(self.body, _("With the folders inside it"), True)
        gap = theme.px(self, GAP_PX)
        self.subfolders.grid(row=2, column=0, sticky="w", pady=gap)
        self.list = ItemList(self.body, name=_("Descriptions"), width=64, height=ROWS)
        self.list.grid(row=3, column=0, sticky="nsew", pady=gap)
        for key in (*RETURN_KEYS, "<Double-Button-1>"):
            self.list.bind(key, lambda _event: self._open_chosen())
        self.full_text = ReadOnlyText(
            self.body, font=theme.font("status"), width=1, height=FULL_TEXT_LINES
        )
        self_voicing.set_name(
            self.full_text,
            _("In full"),
            role=N_("text"),
            state=lambda: self.full_text.shown() or _(self_voicing.EMPTY),
        )
        self.full_text.grid(row=4, column=0, sticky="ew")
        # Everything that moves the cursor: arrows, letters, the mouse, the focus at the end.
        for event in ("<<ListboxSelect>>", "<KeyRelease>", "<FocusIn>"):
            self.list.bind(event, lambda _event: self._show_full_text(), add="+")
        self._status = WrappedLabel(self.body, " ")
        self._status.grid(row=5, column=0, sticky="ew")

    def _begin(self, path: str) -> None:
        from image_describer.app.dialogs.chooser.typed_path import expand

        if self.running:
            self._answer(self._task.progress or _(messages.WORKING))
            return
        settings = self.context.settings
        folder = expand(path, self._folder) or self._folder
        indexed = self._own_pictures.indexes(settings)
        run = FolderRun(folder, self.subfolders.on, settings, indexed)
        self._counting = self.context.jobs.start(
            run.count, lambda count: self._counted(run, count), self._report_error
        )
        self._progress.watch(self._counting)

    def _counted(self, run: FolderRun, count: int) -> None:
        """Describe the pictures of ``run``; ask before if they are many."""
        if count <= ASK_ABOVE:
            self._start(run)
            return
        question, before = _(QUESTION).format(count=number(count)), self_voicing.focused(self)

        def start() -> None:
            if before is not None:  # to which the focus returns
                self_voicing.skip_next_focus(before)
            self._start(run)

        dialog = QuestionDialog(
            self.context, _(TITLE), question, (_("Describe"), start), (_("Cancel"), do_nothing)
        )
        self._answer(f"{question} {self_voicing.spoken_text(dialog.first_button)}")

    def _start(self, run: FolderRun) -> None:
        self._folder = run.folder
        self.path.show_folder(run.folder)  # from which Tab goes on
        self._task.begin(run)

    def _report_error(self, error: Exception) -> None:
        messages.log_error(error)
        self.show_status(messages.user_message(error))
        self.context.voice.error(self.question)

    def _open_chosen(self) -> None:
        lines = self._task.lines
        if not lines:
            self._begin(self.path.get())
            return
        file = lines[max(0, self.list.cursor)].file
        self.leave()
        self._open_picture(file, [line.file for line in lines])

    def _save(self) -> None:
        from image_describer.app.dialogs.save_list import (
            KINDS,
            TITLE,
            default_location,
            write_list,
        )

        run = self._task.run
        if run is None or not len(run.records):
            self._answer(_(NOTHING_TO_SAVE))
            return
        self._save_dialog.open_for(
            run,
            KINDS,
            default_location(run.folder),
            lambda path, replace: write_list(path, run, replace),
            _(TITLE),
        )

    def _show_full_text(self) -> None:
        lines = self._task.lines
        text = lines[max(0, self.list.cursor)].text if lines else ""
        if text != self.full_text.shown():
            self.full_text.show(text)

    def _answer(self, text: str) -> None:
        self.context.voice.answer(text)
