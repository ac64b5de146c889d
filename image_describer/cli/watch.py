"""``image-describer watch``: describes each new picture in a folder until it is interrupted."""

import argparse
from contextlib import closing, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from image_describer.cli.console import print_error, print_status
from image_describer.cli.options import (
    Subparsers,
    add_bundle,
    add_json,
    add_language,
    description_language,
)
from image_describer.cli.voice import add_voice, make_speaker, say_next
from image_describer.i18n import N_, _
from image_describer.stdio import DONE
from image_describer.text import file_name, visible

if TYPE_CHECKING:
    from image_describer.library.record import Record
    from image_describer.library.watch import WatchEvent
    from image_describer.speech import Speaker, Utterance

DESCRIPTION = N_("""\
Say what each new picture in a folder shows, as soon as it is complete, until Ctrl+C. A file is told
once, and again only when its content has changed. Many pictures at once are counted.
""")
EXAMPLES = N_("""\
examples:
  image-describer watch --speak ~/Pictures/Screenshots
      Probably: a brown dog runs through the grass. (IMG_0012.jpg)
      50 new pictures.
  image-describer watch --json ~/Downloads
      one object for each picture, as describe --json prints it; none are counted

exit status:
  130  after Ctrl+C, which is how it ends. A folder that goes away is waited for.
  2    the folder doesn't exist or can't be read, or the model is damaged
""")


def add_parser(subparsers: Subparsers) -> None:
    """Add the command and its options."""
    parser = subparsers.add_parser(
        "watch",
        help=_("describe each new picture in a folder"),
        description=_(DESCRIPTION),
        epilog=_(EXAMPLES),
    )
    parser.add_argument(
        "folder", metavar=_("FOLDER"), type=Path, help=_("a folder; those in it are not watched")
    )
    add_json(parser)
    parser.add_argument("--speak", action="store_true", help=_("also speak each description"))
    add_voice(parser)
    add_language(parser)
    add_bundle(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Describe new pictures in ``options.folder`` until KeyboardInterrupt.

    Raises ScanError for a folder that can't be watched, BundleError when the model can't be used.
    """
    from image_describer.captioner.describer import Describer
    from image_describer.library import watch
    from image_describer.stdio import stderr_silenced

    watch.check(options.folder)
    with stderr_silenced():
        describer = Describer(bundle=options.bundle)
    language = description_language(options, describer.languages)
    watcher = watch.FolderWatcher(
        options.folder,
        lambda picture: describer.describe(picture, language=language),
        count_bursts=not options.json,
    )
    speaker = make_speaker(options) if options.speak else None
    with closing(speaker) if speaker else nullcontext():
        reporter = _Reporter(options.json, speaker)
        for event in watcher.events():
            reporter.report(event)
    return DONE


class _Reporter:
    """Prints and speaks what happens. Descriptions go to stdout, everything else to stderr."""

    def __init__(self, as_json: bool, speaker: "Speaker | None") -> None:
        self._as_json = as_json
        self._speaker = speaker
        self._utterances: list[Utterance] = []
        self._speech_error: str | None = None

    def report(self, event: "WatchEvent") -> None:
        """Print the event at once, and queue it for speaking."""
        from image_describer.library.record import Record
        from image_describer.library.watch import FolderFound, FolderLost

        if isinstance(event, Record):
            self._report_picture(event)
        elif isinstance(event, FolderLost):
            print_error(str(event.error))
            self._speak(str(event.error), private=True)
        elif isinstance(event, FolderFound):
            print_status(
                event.sentence
                if event.is_back
                else _("{sentence} Ctrl+C ends it.").format(sentence=event.sentence)
            )
            self._speak(event.sentence, private=True)
        else:
            print(event.sentence, flush=True)
            self._speak(event.sentence, private=True)
        self._report_speech_error()

    def _report_picture(self, record: "Record") -> None:
        if record.description is None:
            print_error(f"{visible(record.file)}: {record.error}")
            self._speak(record.error, private=True)
            return
        from image_describer.cli.output import print_json
        from image_describer.wording.record import to_record
        from image_describer.wording.sentence import spoken

        speech = spoken(record.description)
        if self._as_json:
            print_json(to_record(record.description))
        else:
            print(f"{speech.text} ({file_name(record.file)})", flush=True)
        self._speak(speech.author, private=True)  # it may name people
        self._speak(speech.own, language=record.description.language)
        self._speak(speech.written, private=True)

    def _speak(self, text: str, *, private: bool = False, language: str = "") -> None:
        if text and self._speaker:
            said = say_next(self._speaker, text, private=private, language=language)
            self._utterances.append(said)

    def _report_speech_error(self) -> None:
        """Say why earlier texts were not heard, unless that has just been said."""
        while self._utterances and self._utterances[0].wait(0):
            error = self._utterances.pop(0).error
            if error and error != self._speech_error:
                print_error(_("Nothing could be heard. {reason}").format(reason=error))
            self._speech_error = error
