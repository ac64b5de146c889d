"""The pipeline: a picture goes in, a Description comes out."""

import math
import os
import re
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from image_describer.captioner import (
    confidence,
    ngram_prior,
    novelty,
    orientation,
    runtime,
)
from image_describer.captioner.bundle import JOINT, open_bundle
from image_describer.captioner.decoder import Beam, Decoder
from image_describer.captioner.description import (
    Alternative,
    Description,
    Region,
    Seconds,
    Word,
)
from image_describer.captioner.embedding import JointSpace, of_bundle
from image_describer.captioner.encoder import Extractor, Features
from image_describer.captioner.ngram_prior import Phrases
from image_describer.errors import PictureError
from image_describer.imaging import preprocess, quality
from image_describer.imaging.grayscale import COLOURS
from image_describer.imaging.open import Picture, open_picture

REGION_SHARE = 0.5  # a word's region is the smallest box around the cells with this much attention
TOLD = 5  # captions at most of those that were found: nobody keeps more of them in mind
INVENTED = 0.05  # confidence, at most, where the picture is not even a photograph


@dataclass(frozen=True)
class _Look:
    """A picture, what was seen of it, and the time that took."""

    picture: Picture
    features: Features
    read_s: float
    extract_s: float


class Describer:
    """Loads a bundle once and describes pictures with it; safe to share between threads.

    ``bundle`` is a folder (by default the one that ships), ``threads`` the extractor's threads
    (by default one a core, at most four). Raises BundleError.
    """

    def __init__(self, bundle: Path | None = None, threads: int | None = None) -> None:
        opened = open_bundle(bundle)
        manifest, tokenizer = opened.manifest, opened.tokenizer
        self._words: list[str] = tokenizer["words"]
        self._grid = (int(manifest["regions"]["rows"]), int(manifest["regions"]["columns"]))
        self._confidence = manifest["confidence"]
        self.extractor = Extractor(
            opened.path("extractor.tflite"), threads or runtime.default_threads()
        )
        self._bundle = opened
        self._joint: JointSpace | None = None
        self._opening_joint = threading.Lock()
        self.decoder = Decoder(
            opened.path("decoder.tflite"),
            start=tokenizer["start"],
            end=tokenizer["end"],
            banned=(tokenizer["pad"], tokenizer["start"], tokenizer["unk"]),
            max_length=manifest["decode"]["max_length"],
            length_norm=manifest["decode"]["length_norm"],
        )
        self._has_joint = JOINT in manifest["files"]
        weight = float(manifest["decode"].get("match_weight", 0.0))
        self._match_weight = weight if self._has_joint else 0.0
        self._phrases = ngram_prior.of_bundle(opened)
        weight = float(manifest["decode"].get("phrase_weight", 0.0))
        self._phrase_weight = weight if self._phrases is not None else 0.0
        self._colours = tuple(i for i, word in enumerate(self._words) if word in COLOURS)
        self._turned = orientation.of_bundle(opened)
        self._unlike = novelty.of_bundle(opened)

    def describe(self, source: "str | os.PathLike[str] | bytes | Picture | Any") -> Description:
        """Describe a path, a file's bytes, a Pillow image or a Picture. Raises PictureError."""
        look = self._look(source)
        began = time.perf_counter()
        place = self._place(look.features)
        beams = self._chosen(self._decoded([look.features])[0], look.features, place)
        return self._told(look, beams, place, time.perf_counter() - began)

    def describe_many(
        self,
        sources: "Sequence[str | os.PathLike[str] | bytes | Picture | Any]",
        on_start: Callable[[int], None] = lambda _number: None,
    ) -> "list[Description | PictureError]":
        """`describe` for each of several pictures, in less time than one by one.

        A picture that can't be described gets its PictureError, and the others go on.
        ``on_start`` is called with the number of each before it is opened, and with -1 when all
        have been looked at. A dozen at once is enough; all that was seen of them is held.
        """
        looks: list[_Look | PictureError] = []
        for number, source in enumerate(sources):
            on_start(number)
            try:
                looks.append(self._look(source))
            except PictureError as error:
                looks.append(error)
        on_start(-1)
        began = time.perf_counter()
        fine = [look for look in looks if isinstance(look, _Look)]
        decoded = iter(self._decoded([look.features for look in fine]))
        each_s = (time.perf_counter() - began) / max(1, len(fine))
        told: list[Description | PictureError] = []
        for look in looks:
            if isinstance(look, PictureError):
                told.append(look)
                continue
            began = time.perf_counter()
            place = self._place(look.features)
            beams = self._chosen(next(decoded), look.features, place)
            matched_s = time.perf_counter() - began
            told.append(self._told(look, beams, place, each_s + matched_s))
        return told

    def _look(self, source: "str | os.PathLike[str] | bytes | Picture | Any") -> "_Look":
        began = time.perf_counter()
        picture = source if isinstance(source, Picture) else open_picture(source)
        opened = time.perf_counter()
        features = self.extractor.extract(picture.pixels)
        extracted = time.perf_counter()
        picture = self._reconsidered(picture, features)
        return _Look(picture, features, opened - began, extracted - opened)

    def _reconsidered(self, picture: Picture, features: Features) -> Picture:
        """The picture; no longer noted as drawn where the network sees a photograph."""
        if self._unlike is None or quality.DRAWN not in picture.notes:
            return picture
        if not self._unlike.is_photograph(features.pooled):
            return picture
        return replace(picture, notes=quality.notes_of_photograph(picture.pixels))

    def _told(
        self, look: "_Look", beams: list[Beam], place: np.ndarray | None, decode_s: float
    ) -> Description:
        """All that is said of a picture; ``place`` is its place in the joint space."""
        picture, features = look.picture, look.features
        best = beams[0]
        sure = self._sure(beams, features, place)
        if not quality.shows_a_photograph(picture.notes):
            sure = [min(value, INVENTED) for value in sure]
        turn = self._turn(features.regions, picture)
        return Description(
            caption=self.caption(best.words),
            confidence=sure[0],
            alternatives=(
                *self._upright(picture, turn),
                *(
                    Alternative(self.caption(beam.words), value)
                    for beam, value in zip(beams[1:TOLD], sure[1:TOLD], strict=True)
                ),
            ),
            words=self._placed(best, features.frame),
            notes=(*picture.notes, *orientation.NOTES[turn]),
            seconds=Seconds(look.read_s, look.extract_s, decode_s),
            file=picture.file,
            width=picture.width,
            height=picture.height,
            alt_text=picture.alt_text,
            embedding=place,
        )

    @property
    def digests(self) -> dict[str, str]:
        """The SHA-256, hex, of each file of its bundle: which model speaks here."""
        files = self._bundle.manifest["files"]
        return {name: str(entry["sha256"]) for name, entry in files.items()}

    @property
    def has_joint(self) -> bool:
        """Whether its bundle has a joint space."""
        return self._has_joint

    @property
    def joint(self) -> JointSpace:
        """The space that pictures and sentences share, opened when first asked for.

        Raises BundleError where the bundle has none.
        """
        with self._opening_joint:
            if self._joint is None:
                self._joint = of_bundle(self._bundle)
        return self._joint

    def match(
        self, source: "str | os.PathLike[str] | bytes | Picture | Any", sentence: str
    ) -> float:
        """How well a sentence fits a picture, in [-1, 1]: see `matches`."""
        return self.matches(source, [sentence])[0]

    def matches(
        self,
        source: "str | os.PathLike[str] | bytes | Picture | Any",
        sentences: Sequence[str],
    ) -> list[float]:
        """How well each of ``sentences`` fits a picture, in [-1, 1]; the picture is seen once.

        It is the cosine of the angle between both in the joint space, made to rank: the higher of
        two fits better. It is no probability, a true sentence that says little scores low, and
        only the words count, not their order.
        ``source`` is as for `describe`. Raises PictureError, BundleError where the bundle holds no
        joint space, and ImageDescriberError for a sentence without words.
        """
        space = self.joint
        read = [space.sentence(sentence) for sentence in sentences]
        picture = source if isinstance(source, Picture) else open_picture(source)
        seen = space.picture(self.extractor.extract(picture.pixels).regions)
        return [float(np.clip(seen @ one, -1.0, 1.0)) for one in read]

    def caption(self, ids: tuple[int, ...]) -> str:
        """Word ids -> the bare caption: lower case, no full stop."""
        return re.sub(r" ('s)\b", r"\1", " ".join(self._words[i] for i in ids))

    def measures(
        self,
        beams: Sequence[Beam],
        features: Features,
        place: np.ndarray | None = None,
        *,
        matched: bool = True,
    ) -> list[dict[str, float]]:
        """What confidence is made of, for each of a picture's captions; see `confidence.MEASURES`.

        ``features`` are the picture's. ``matched`` also asks the joint space, where the bundle has
        one; the picture's ``place`` there, (D,), is found where it is not given.
        """
        if matched and self._has_joint and any(beam.match is None for beam in beams):
            seen = self.joint.picture(features.regions) if place is None else place
            beams = self._matched(beams, seen)
        if self._phrases is not None and any(beam.agreement is None for beam in beams):
            beams = self._agreeing(self._phrases, beams, features.pooled)
        strange = None if self._unlike is None else self._unlike.measure(features.pooled)
        return confidence.measures(beams, features, strange)

    def beams(self, features: Features) -> list[Beam]:
        """The captions of what was seen, best first; no colours where the picture has none.

        Where the bundle says how much the joint space counts, each caption's match with the
        picture counts that much beside its score; so does its agreement with what is expected.
        """
        decoded = self._decoded([features])[0]
        place = self._place(features) if self._match_weight else None
        return self._chosen(decoded, features, place)

    def _place(self, features: Features) -> np.ndarray | None:
        """Where a picture lies in the joint space, (D,); None in a bundle that has none."""
        return self.joint.picture(features.regions) if self._has_joint else None

    def _decoded(self, features: Sequence[Features]) -> list[list[Beam]]:
        """What the decoder alone finds of each picture."""
        return self.decoder.decode_many(
            [one.regions for one in features],
            [self._colours if one.colourless else () for one in features],
        )

    def _chosen(
        self, found: Sequence[Beam], features: Features, place: np.ndarray | None
    ) -> list[Beam]:
        """The captions that the decoder found, in the order that the bundle wants them in."""
        if self._match_weight and place is not None:
            found = self._matched(found, place)
        if self._phrase_weight and self._phrases is not None:
            found = self._agreeing(self._phrases, found, features.pooled)
        return sorted(found, key=self._worth, reverse=True)

    def _worth(self, beam: Beam) -> float:
        """What captions are ordered by."""
        matched = self._match_weight * (beam.match or 0.0)
        return beam.score + matched + self._phrase_weight * (beam.agreement or 0.0)

    def _matched(self, beams: Sequence[Beam], seen: np.ndarray) -> list[Beam]:
        """The same, each with its match with the picture that lies at ``seen`` (D,)."""
        captions = [self.caption(beam.words) for beam in beams]
        matches = [float(seen @ self.joint.sentence(c)) if c else 0.0 for c in captions]
        return [replace(beam, match=m) for beam, m in zip(beams, matches, strict=True)]

    @staticmethod
    def _agreeing(known: Phrases, beams: Sequence[Beam], pooled: np.ndarray) -> list[Beam]:
        """The same, each with how far it says what is expected of regions of the mean (C,)."""
        expected = known.expected(pooled)
        return [replace(beam, agreement=known.agreement(beam.words, expected)) for beam in beams]

    def _sure(
        self, beams: Sequence[Beam], features: Features, place: np.ndarray | None = None
    ) -> list[float]:
        """The confidence of each of a picture's captions, by the bundle's table."""
        matched = confidence.uses(self._confidence, "match")
        found = self.measures(beams, features, place, matched=matched)
        return [confidence.confidence(self._confidence, measures) for measures in found]

    def _turn(self, regions: np.ndarray, picture: Picture) -> int:
        """The quarter turns that the picture seems to have been given; 0 where in doubt."""
        if self._turned is None or not quality.shows_a_photograph(picture.notes):
            return 0
        return self._turned.turn(regions, self._grid)

    def _upright(self, picture: Picture, turn: int) -> list[Alternative]:
        """What is said of the picture when ``turn`` quarters are taken back; none for none."""
        if not turn:
            return []
        features = self.extractor.extract(np.rot90(picture.pixels, -turn))
        beam = self.beams(features)[0]
        return [Alternative(self.caption(beam.words), *self._sure([beam], features))]

    def _placed(self, beam: Beam, frame: Region) -> tuple[Word, ...]:
        return tuple(
            Word(
                self._words[word],
                math.exp(log_prob),
                preprocess.within(region(row.reshape(self._grid)), frame),
            )
            for word, log_prob, row in zip(beam.words, beam.log_probs, beam.attention, strict=False)
        )


def region(attention: np.ndarray) -> Region:
    """Attention (rows, columns) that sums to 1 -> the box around its strongest cells.

    The cells are taken strongest first until they hold ``REGION_SHARE`` of the attention.
    """
    order = np.argsort(-attention, axis=None)
    held = np.cumsum(attention.ravel()[order])
    chosen = order[: int(np.searchsorted(held, REGION_SHARE * held[-1])) + 1]
    rows, columns = np.unravel_index(chosen, attention.shape)
    height, width = attention.shape
    return (
        float(columns.min() / width),
        float(rows.min() / height),
        float((columns.max() + 1) / width),
        float((rows.max() + 1) / height),
    )
