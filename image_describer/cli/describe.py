"""``image-describer describe``: pictures -> lines on stdout, and to the ears if asked."""

import argparse
import json
import sys
from collections.abc import Iterator
from contextlib import closing, nullcontext
from typing import TYPE_CHECKING, Literal

from image_describer.captioner.description import Description
from image_describer.cli.console import DONE, REFUSED, complain, without_chatter
from image_describer.errors import PictureError, SpeechError
from image_describer.text import visible
from image_describer.wording import sentence as wording

Kind = Literal["description", "phrase"]

if TYPE_CHECKING:
    from image_describer.speech import Speaker, Utterance


def run(options: argparse.Namespace) -> int:
    """Describe ``options.pictures`` in order; returns the exit status.

    Raises BundleError when there is no model to describe with.
    """
    from image_describer.captioner.describer import Describer

    with without_chatter():
        describer = Describer(bundle=options.bundle)
    speaker = _speaker(options)
    with closing(speaker) if speaker else nullcontext():
        job = _Job(options, speaker)
        for picture in options.pictures:
            try:
                job.tell(describer.describe(picture))
            except PictureError as error:
                job.refuse(picture, error)
        return job.finish()


class _Job:
    """One run of the command: what was told so far and what went wrong."""

    def __init__(self, options: argparse.Namespace, speaker: "Speaker | None") -> None:
        self.options = options
        self.speaker = speaker
        self.sentences: list[str] = []
        self.utterances: list[Utterance] = []
        self.status = DONE
        self.tells_author = False

    def tell(self, description: Description) -> None:
        """Print a description at once and queue it for speaking."""
        sentence = wording.sentence(description)
        if self.options.json:
            print(_json_line(wording.as_record(description)), flush=True)
        else:
            print(sentence, flush=True)
        self.sentences.append(sentence)
        author, own = wording.authors_part(description, sentence)
        self.tells_author = self.tells_author or bool(author)
        # An author may have named people: offline, as the names of files.
        self._say(author, kind="phrase")
        self._say(own, kind="description")

    def refuse(self, picture: str, error: PictureError) -> None:
        """Tell on stderr, and aloud if asked, why a picture can't be described."""
        self.status = REFUSED
        name = visible(picture)
        complain(str(error) if name in error.sentence else f"{name}: {error}")
        # A phrase is spoken offline: the names of files are nobody's business.
        self._say(str(error), kind="phrase")

    def finish(self) -> int:
        """Wait until all was heard, write the sound file; returns the exit status."""
        for trouble in self._unheard():
            complain(f"Nothing could be heard. {trouble}")
        if self.options.save_speech:
            self._save()
        return self.status

    def _say(self, text: str, kind: Kind) -> None:
        if text and self.speaker and self.options.speak:
            # ``again``: two pictures that look alike are two pictures.
            said = self.speaker.say(text, kind=kind, interrupt=False, again=True)
            self.utterances.append(said)

    def _unheard(self) -> Iterator[str]:
        """Why utterances were not heard, each reason once."""
        told = set()
        for utterance in self.utterances:
            utterance.wait()
            if utterance.error and utterance.error not in told:
                told.add(utterance.error)
                yield utterance.error

    def _save(self) -> None:
        path = self.options.save_speech
        if not self.sentences or self.speaker is None:
            complain(f"{visible(str(path))} was not written: there is nothing to say.")
            return
        try:
            kind: Kind = "phrase" if self.tells_author else "description"
            self.speaker.save(" ".join(self.sentences), path, kind=kind)
        except SpeechError as error:
            self.status = REFUSED
            complain(f"{visible(str(path))} was not written. {error}")


def _speaker(options: argparse.Namespace) -> "Speaker | None":
    """A speaker when something is to be said or saved; loading voices is not free."""
    if not (options.speak or options.save_speech):
        return None
    from image_describer.speech import make_speaker

    return make_speaker(offline=options.offline)


def _json_line(record: dict[str, object]) -> str:
    """``record`` on one line; pure ASCII where the output can't carry more, so it stays JSON."""
    encoding = (getattr(sys.stdout, "encoding", None) or "ascii").lower().replace("-", "")
    return json.dumps(record, ensure_ascii=encoding != "utf8", allow_nan=False)
