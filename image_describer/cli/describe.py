"""``image-describer describe``: one sentence per picture, printed and spoken on request.

The pictures are files, or one capture: of the screen, the active window or the clipboard.
"""

import argparse
import time
from collections.abc import Iterator
from contextlib import closing, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from image_describer.cli.console import print_error, print_picture_error
from image_describer.cli.options import (
    Subparsers,
    add_bundle,
    add_json,
    add_language,
    description_language,
    whole_number,
)
from image_describer.cli.voice import add_voice, make_speaker, say_next
from image_describer.errors import PictureError, SpeechError
from image_describer.i18n import N_, _
from image_describer.stdio import DONE, REFUSED
from image_describer.text import visible

if TYPE_CHECKING:
    from image_describer.captioner.description import Description
    from image_describer.imaging.open import Source
    from image_describer.speech import Speaker, Utterance

DESCRIPTION = N_("""\
Say what each picture shows: one line per picture, in the given order. The sentence says how sure it
is, and can still be wrong. The picture never leaves this computer.

Instead of files, --screen, --window and --clipboard describe what is there now. A keyboard shortcut
of the desktop can run such a command.
""")
EXAMPLES = N_("""\
examples:
  image-describer describe holiday.jpg
      Probably: a brown dog runs through the grass.
  image-describer describe --speak holiday.jpg
      print it and speak it
  image-describer describe --save-speech album.mp3 a.jpg b.jpg
      print two lines and write both, spoken, into one sound file
  image-describer describe --text letter.jpg
      print the sentence, and below it all that is written in the picture
  image-describer describe --screen --speak
      speak what is on the screen
  image-describer describe --window --delay 3
      describe the window that is active in three seconds
  image-describer describe --json *.jpg > descriptions.jsonl

voice:
  The voice, language, rate and volume are those of the window's settings. Until you choose Google's
  voice there, or give --online, speech is made on this computer. Google's voice receives the
  sentence, never the picture, the file name, what the author wrote, or what is written in the
  picture.

exit status:
  0  every picture was described. Speech that can't be heard doesn't change this: the line was
     printed, and stderr says why nothing was heard.
  2  a picture can't be read or captured (stderr says why; the others are described), the model is
     damaged, or the sound file can't be written
""")
SOUND_SUFFIXES = (".wav", ".mp3")
DELAY_LIMIT_S = 3600
READ_ON = N_("--text prints them.")


def add_parser(subparsers: Subparsers) -> None:
    """Add the command and its options."""
    parser = subparsers.add_parser(
        "describe", help=_("say what pictures show"), description=_(DESCRIPTION), epilog=_(EXAMPLES)
    )
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument(
        "pictures",
        nargs="*",
        default=[],
        metavar=_("PICTURE"),
        help=_("a file in any picture format"),
    )
    source.add_argument("--screen", action="store_true", help=_("describe the whole screen"))
    source.add_argument("--window", action="store_true", help=_("describe the active window"))
    source.add_argument(
        "--clipboard",
        action="store_true",
        help=_("describe the picture, or file, on the clipboard"),
    )
    parser.add_argument(
        "--delay",
        metavar=_("SECONDS"),
        type=whole_number(0, DELAY_LIMIT_S),
        default=0,
        help=_("wait that long first"),
    )
    add_json(parser)
    parser.add_argument(
        "--text", action="store_true", help=_("also print all that is written in the picture")
    )
    parser.add_argument("--speak", action="store_true", help=_("also speak, and wait until heard"))
    parser.add_argument(
        "--save-speech",
        metavar=_("FILE"),
        type=_sound_file,
        help=_("write the speech to FILE, which ends in .wav or .mp3"),
    )
    add_voice(parser)
    add_language(parser)
    add_bundle(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Describe ``options.pictures`` in order, or what is captured; return the exit status.

    Raises BundleError when the model can't be used, and DescriptionLanguageError.
    """
    from image_describer.captioner.describer import Describer
    from image_describer.stdio import stderr_silenced

    time.sleep(options.delay)
    speaker = make_speaker(options) if options.speak or options.save_speech else None
    with closing(speaker) if speaker else nullcontext():
        command = _DescribeCommand(options, speaker)
        # Before the model is loaded, because the screen may change meanwhile.
        sources = options.pictures or command.capture()
        if sources:
            with stderr_silenced():
                describer = Describer(bundle=options.bundle)
            language = description_language(options, describer.languages)
        for source in sources:
            try:
                command.report(describer.describe(source, language=language))
            except PictureError as error:
                command.report_error(source, error)
        return command.finish()


class _DescribeCommand:
    """One run of the command: what was printed so far, what is being spoken, and the status."""

    def __init__(self, options: argparse.Namespace, speaker: "Speaker | None") -> None:
        self.options = options
        self.speaker = speaker
        self.sentences: list[str] = []
        self.utterances: list[Utterance] = []
        self.status = DONE
        self.is_private = False

    def capture(self) -> "list[Source]":
        """Return what the options name instead of files; nothing, and report it, if that fails."""
        from image_describer.imaging import clipboard, screen

        try:
            if self.options.clipboard:
                return [clipboard.read()]
            return [screen.capture(window=self.options.window)]
        except PictureError as error:
            self.report_error(None, error)
            return []

    def report(self, description: "Description") -> None:
        """Print a description at once and queue it for speaking."""
        from image_describer.cli import output
        from image_describer.reading.language import language_of
        from image_describer.wording.record import to_record
        from image_describer.wording.sentence import all_text, spoken

        speech = spoken(description, read_on="" if self.options.text else _(READ_ON))
        text = all_text(description.text) if self.options.text and description.text else ""
        if text:
            speech = replace(speech, written="")  # it is part of the text
        if self.options.json:
            output.print_json(to_record(description))
        else:
            print("\n".join(part for part in (speech.text, text) if part), flush=True)
        self.sentences += [part for part in (speech.text, text) if part]
        self.is_private = self.is_private or speech.is_private or bool(text)
        self._speak(speech.author, private=True)  # it may name people
        self._speak(speech.own, language=description.language)
        self._speak(speech.written, private=True)
        self._speak(text, private=True, language=language_of(text))

    def report_error(self, source: "Source | None", error: PictureError) -> None:
        """Say on stderr, and aloud if requested, why a picture can't be described."""
        self.status = REFUSED
        print_picture_error(error, source if isinstance(source, str) else None)
        self._speak(str(error), private=True)

    def finish(self) -> int:
        """Wait for the end of the speech, write the sound file and return the exit status."""
        for reason in self._speech_errors():
            print_error(_("Nothing could be heard. {reason}").format(reason=reason))
        if self.options.save_speech:
            self._save()
        return self.status

    def _speak(self, text: str, *, private: bool = False, language: str = "") -> None:
        if text and self.speaker and self.options.speak:
            said = say_next(self.speaker, text, private=private, language=language)
            self.utterances.append(said)

    def _speech_errors(self) -> Iterator[str]:
        """Wait for each utterance, and yield each different reason why one was not heard."""
        reported = set()
        for utterance in self.utterances:
            utterance.wait()
            if utterance.error and utterance.error not in reported:
                reported.add(utterance.error)
                yield utterance.error

    def _save(self) -> None:
        path = self.options.save_speech
        if not self.sentences or self.speaker is None:
            print_error(
                _("{path} was not written: there is nothing to say.").format(
                    path=visible(str(path))
                )
            )
            return
        try:
            self.speaker.save(" ".join(self.sentences), path, private=self.is_private)
        except SpeechError as error:
            self.status = REFUSED
            print_error(
                _("{path} was not written. {error}").format(path=visible(str(path)), error=error)
            )


def _sound_file(name: str) -> Path:
    """A path for a sound file; checked before any work is done for it."""
    path = Path(name)
    if path.suffix.lower() not in SOUND_SUFFIXES:
        raise argparse.ArgumentTypeError(
            _("{name!r} ends in neither .wav nor .mp3").format(name=name)
        )
    if path.is_dir():
        raise argparse.ArgumentTypeError(_("{name!r} is a folder").format(name=name))
    if not path.parent.is_dir():
        raise argparse.ArgumentTypeError(
            _("there is no folder {parent!r}").format(parent=str(path.parent))
        )
    return path
