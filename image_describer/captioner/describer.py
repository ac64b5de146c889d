"""The pipeline from a picture to its Description."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from image_describer import bundle_files, runtime
from image_describer.captioner import orientation
from image_describer.captioner.beam_search import Beam
from image_describer.captioner.bundle import PHOTO_CHECK, Bundle, check_language, open_bundle
from image_describer.captioner.captions import CaptionGenerator
from image_describer.captioner.description import Alternative, Description, Seconds
from image_describer.captioner.encoder import Encoder
from image_describer.captioner.features import Features
from image_describer.captioner.orientation import OrientationHead
from image_describer.errors import PictureError
from image_describer.i18n import ENGLISH, _
from image_describer.imaging import photo_check, quality
from image_describer.imaging.notes import (
    BLANK,
    DOCUMENT,
    DRAWING,
    NOT_A_PHOTOGRAPH,
    shows_photograph,
)
from image_describer.imaging.open import Picture, Source, open_picture
from image_describer.imaging.region import Region, rotate
from image_describer.reading.text import FEW_WORDS, PictureText

if TYPE_CHECKING:
    from image_describer.captioner.embedding import JointSpace
    from image_describer.reading.reader import TextReader

MAX_CAPTIONS = 5  # in a description; nobody remembers more
MAX_CONFIDENCE_WITHOUT_PHOTOGRAPH = 0.05  # the decoder invents a scene for anything else
CONFIDENCE_DIGITS = 2  # as it is told: rounded later, it could be 76 percent here and 77 there


@dataclass(frozen=True)
class _Encoded:
    """A picture, its features and its text, and how long opening, encoding and reading took."""

    picture: Picture
    features: Features
    text: PictureText | None
    read_s: float
    encode_s: float
    read_text_s: float


@dataclass(frozen=True)
class _Captions:
    """The ranked captions of a picture, how likely each is right, and the frame that was encoded.

    ``quarters`` is how many quarters the picture was rotated clockwise before.
    """

    beams: Sequence[Beam]
    confidences: Sequence[float]
    frame: Region
    quarters: int = 0


class Describer:
    """Loads a bundle once and describes pictures with it; safe to share between threads.

    ``bundle`` is a folder (default: the one that ships), ``threads`` how many threads the encoder
    uses (default: one for each core, at most four); the decoder uses at most two of them.
    ``read_text``: whether to read what is written in pictures, too. ``languages`` are the codes
    (ISO 639) of the languages that it describes in, English first; what the others need is loaded
    on first use. Raises BundleError.
    """

    def __init__(
        self, bundle: Path | None = None, threads: int | None = None, *, read_text: bool = True
    ) -> None:
        opened = open_bundle(bundle)
        self._files = opened.manifest["files"]
        regions = opened.manifest["regions"]
        self._grid = (int(regions["rows"]), int(regions["columns"]))
        threads = threads or runtime.default_threads()
        self._encoder = Encoder.from_bundle(opened, threads)
        self.languages = opened.languages
        self._captions = CaptionGenerator(opened, threads)
        self._generators = {ENGLISH: self._captions}
        self._generators_lock = threading.Lock()
        self._orientation = OrientationHead.from_bundle(opened)
        self._photo_classifier = _photo_classifier(opened)
        self._reader = _LazyReader(threads)
        self._reads_text = read_text

    def describe(self, source: Source | Picture, *, language: str = ENGLISH) -> Description:
        """Describe a path, a file's bytes, a Pillow image or a Picture.

        Raises PictureError, and DescriptionLanguageError for none of the ``languages``.
        """
        captions = self._captions_in(language)
        encoded = self._encode(source)
        start = time.perf_counter()
        beams = captions.decode([encoded.features])[0]
        return self._description(captions, encoded, beams, time.perf_counter() - start)

    def read(self, source: Source | Picture) -> PictureText:
        """Return what is written in a picture, without describing it.

        ``source`` is as in `describe`. Raises PictureError and BundleError.
        """
        picture = source if isinstance(source, Picture) else open_picture(source)
        return self._reader.load().read(picture.pixels)

    def describe_many(
        self,
        sources: Sequence[Source | Picture],
        on_start: Callable[[int], None] = lambda _index: None,
        *,
        language: str = ENGLISH,
    ) -> list[Description | PictureError]:
        """Describe several pictures in less time than one by one.

        The result has a PictureError for each picture that can't be described. ``on_start`` is
        called with the index of each picture before it is opened, and with -1 when all have been
        encoded. Pass about a dozen at once: the features of all are held in memory. Raises
        DescriptionLanguageError.
        """
        captions = self._captions_in(language)
        encoded: list[_Encoded | PictureError] = []
        for index, source in enumerate(sources):
            on_start(index)
            try:
                encoded.append(self._encode(source))
            except PictureError as error:
                encoded.append(error)
        on_start(-1)
        start = time.perf_counter()
        pictures = [item for item in encoded if isinstance(item, _Encoded)]
        beams = iter(captions.decode([picture.features for picture in pictures]))
        each_s = (time.perf_counter() - start) / max(1, len(pictures))
        return [
            self._description(captions, item, next(beams), each_s)
            if isinstance(item, _Encoded)
            else item
            for item in encoded
        ]

    @property
    def digests(self) -> dict[str, str]:
        """The SHA-256, in hex, of each file of the bundle; they identify the model."""
        return {name: str(entry["sha256"]) for name, entry in self._files.items()}

    @property
    def has_joint_space(self) -> bool:
        """Whether the bundle has a joint space."""
        return self._captions.has_joint_space

    @property
    def joint_space(self) -> "JointSpace":
        """The space that pictures and sentences share, loaded on first use.

        Raises BundleError if the bundle has none.
        """
        return self._captions.joint_space

    def match(self, source: Source | Picture, sentence: str, *, language: str = ENGLISH) -> float:
        """How well a sentence fits a picture, in [-1, 1]: see `matches`."""
        return self.matches(source, [sentence], language=language)[0]

    def matches(
        self,
        source: Source | Picture,
        sentences: Sequence[str],
        *,
        language: str = ENGLISH,
    ) -> list[float]:
        """How well each of ``sentences`` fits a picture, in [-1, 1]; encodes the picture once.

        The result is the cosine of both in the joint space, which was trained to rank: the
        sentence with the higher value fits better. It is not a probability, a true sentence that
        says little scores low, and word order is ignored.
        ``source`` is as in `describe`, ``language`` that of the sentences. Raises PictureError,
        DescriptionLanguageError, BundleError if the bundle has no joint space of that language, and
        ImageDescriberError for a sentence without words.
        """
        check_language(language, self.languages)
        space = self.joint_space
        embeddings = [space.embed_sentence(sentence, language) for sentence in sentences]
        picture = source if isinstance(source, Picture) else open_picture(source)
        embedded = space.embed_picture(self._encoder.encode(picture.pixels).regions)
        return [float(np.clip(embedded @ sentence, -1.0, 1.0)) for sentence in embeddings]

    def _captions_in(self, language: str) -> CaptionGenerator:
        """The generator of a language, loaded on first use."""
        with self._generators_lock:
            if language not in self._generators:
                self._generators[language] = self._captions.in_language(language)
            return self._generators[language]

    def _encode(self, source: Source | Picture) -> _Encoded:
        start = time.perf_counter()
        picture = source if isinstance(source, Picture) else open_picture(source)
        # The notes of a part of a picture are not those of a whole picture.
        if self._photo_classifier is not None and not picture.is_part:
            notes = quality.find_notes(picture.pixels, self._photo_classifier)
            picture = replace(picture, notes=notes)
        opened = time.perf_counter()
        features = self._encoder.encode(picture.pixels)
        encoded = time.perf_counter()
        picture = self._with_network_notes(picture, features)
        read_from = time.perf_counter()
        text = self._text_of(picture)
        read_text_s = time.perf_counter() - read_from
        return _Encoded(picture, features, text, opened - start, encoded - opened, read_text_s)

    def _text_of(self, picture: Picture) -> PictureText | None:
        """What is written in a whole picture; that of a part is taken from it."""
        if not self._reads_text or picture.is_part:
            return None
        text = self.read(picture)
        if text.lines and not shows_photograph(picture.notes):  # there is no scene in it
            text = replace(text, is_page=True)
        return text

    def _with_network_notes(self, picture: Picture, features: Features) -> Picture:
        """Correct the notes of a picture that the network recognizes as a photograph."""
        novelty = self._captions.novelty
        if novelty is None or NOT_A_PHOTOGRAPH not in picture.notes:
            return picture
        if not novelty.is_photograph(features.pooled):
            return picture
        return replace(picture, notes=quality.photograph_notes(picture.pixels))

    def _description(
        self,
        captions: CaptionGenerator,
        encoded: _Encoded,
        decoded: Sequence[Beam],
        decode_s: float,
    ) -> Description:
        """Rank the ``decoded`` captions, which took ``decode_s``, and build the description."""
        start = time.perf_counter()
        picture, features, text = encoded.picture, encoded.features, encoded.text
        embedding = captions.embed(features)
        beams = captions.rank(decoded, features, embedding)
        decode_s += time.perf_counter() - start
        confidences = captions.confidences(beams, features, embedding)
        if not shows_photograph(picture.notes):
            confidences = [min(c, MAX_CONFIDENCE_WITHOUT_PHOTOGRAPH) for c in confidences]
        quarters = self._quarter_turns(features, picture)
        found = [_Captions(beams, confidences, features.frame)]
        if quarters:
            found.append(self._upright_captions(captions, picture, quarters))
        # The surer way to see a rotated picture is told: see train/experiments/surest_told.md.
        told, *others = sorted(found, key=lambda one: -one.confidences[0])
        words = captions.words(told.beams[0], told.frame)
        notes = (*picture.file_notes, *picture.notes, *orientation.NOTES[quarters])
        return Description(
            caption=captions.text(told.beams[0].words),
            confidence=round(told.confidences[0], CONFIDENCE_DIGITS),
            alternatives=_alternatives(captions, told, others),
            words=tuple(replace(w, region=rotate(w.region, told.quarters)) for w in words),
            notes=notes if text is None else _notes_beside(text, notes),
            seconds=Seconds(encoded.read_s, encoded.encode_s, decode_s, encoded.read_text_s),
            file=picture.file,
            width=picture.width,
            height=picture.height,
            alt_text=picture.alt_text,
            doubt=captions.doubt(told.beams),
            text=text,
            language=captions.language,
            embedding=embedding,
        )

    def _quarter_turns(self, features: Features, picture: Picture) -> int:
        """How many quarters the picture seems rotated counterclockwise; 0 if in doubt."""
        if self._orientation is None or not shows_photograph(picture.notes):
            return 0
        return self._orientation.quarter_turns(features.regions, self._grid)

    def _upright_captions(
        self, captions: CaptionGenerator, picture: Picture, quarters: int
    ) -> _Captions:
        """The captions of the picture rotated back by ``quarters``."""
        features = self._encoder.encode(np.rot90(picture.pixels, -quarters))
        beams = captions.generate(features)
        confidences = captions.confidences(beams, features)
        return _Captions(beams, confidences, features.frame, quarters)


class _LazyReader:
    """A TextReader that is created on the first thread that needs it."""

    def __init__(self, threads: int) -> None:
        self._threads = threads
        self._lock = threading.Lock()
        self._reader: TextReader | None = None

    def load(self) -> "TextReader":
        """The reader, created if necessary. Raises BundleError."""
        with self._lock:
            if self._reader is None:
                from image_describer.reading.reader import TextReader

                self._reader = TextReader(threads=self._threads)
            return self._reader


def _alternatives(
    captions: CaptionGenerator, told: _Captions, others: Sequence[_Captions]
) -> tuple[Alternative, ...]:
    """The best of the ``others``, then those of ``told`` after the first.

    None is surer than what is told: those that confidence alone would prefer are right no more
    often, and telling them instead costs CIDEr. See train/experiments/surest_told.md.
    """
    ranked = [(one.beams[0], one.confidences[0]) for one in others]
    ranked += list(zip(told.beams, told.confidences, strict=True))[1:MAX_CAPTIONS]
    most = told.confidences[0]
    return tuple(
        Alternative(captions.text(beam.words), round(min(confidence, most), CONFIDENCE_DIGITS))
        for beam, confidence in ranked
    )


def _notes_beside(text: PictureText, notes: tuple[str, ...]) -> tuple[str, ...]:
    """The notes that are worth saying of a picture with this text.

    Its text tells a document from a drawing. Of a page of many words, that it is one goes without
    saying. Which way up a page is, its text tells: the network for that knows photographs only.
    """
    kind = DOCUMENT if text.unknown_script else DRAWING
    notes = tuple(kind if note == NOT_A_PHOTOGRAPH else note for note in notes)
    if not text.is_page:
        return notes
    dropped = [BLANK, orientation.SIDE, orientation.UPSIDE_DOWN]
    if text.word_count > FEW_WORDS:
        dropped.append(kind)
    kept = tuple(note for note in notes if note not in dropped)
    return (*kept, *orientation.NOTES[text.quarters])


def _photo_classifier(bundle: Bundle) -> photo_check.PhotoClassifier | None:
    """Load a bundle's own classifier; None if it has none. Raises BundleError if it is damaged."""
    if PHOTO_CHECK not in bundle.manifest["files"]:
        return None
    path = bundle.path(PHOTO_CHECK)
    try:
        return photo_check.load_classifier(path)
    except (OSError, ValueError, RecursionError) as error:
        raise bundle_files.damaged(path, _("its weights are not the expected ones")) from error
