"""Features -> ranked captions and how likely each is right: everything after the encoder."""

import math
import re
import threading
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from image_describer.captioner import agreement, confidence
from image_describer.captioner.beam_search import Beam
from image_describer.captioner.bundle import JOINT_SPACE, JOINT_WORDS, Bundle
from image_describer.captioner.decoder import Decoder
from image_describer.captioner.description import DoubtfulWord, Word
from image_describer.captioner.embedding import JointSpace
from image_describer.captioner.features import Features
from image_describer.captioner.ngram_prior import NgramPrior
from image_describer.captioner.nouns import names_object
from image_describer.captioner.novelty import NoveltyHead
from image_describer.i18n import ENGLISH
from image_describer.imaging.grayscale import is_colour_word
from image_describer.imaging.region import Region, to_whole

REGION_SHARE = 0.5  # a word's region is the smallest box around the cells with this much attention
# Both by the decoder, at that place of the two captions; see train/experiments/doubtful_word.md.
DOUBTFUL = 0.5  # probability of a word below which another one is told beside it
OTHER = 0.2  # least probability of that other one
# What a caption loses in the ranking for each time that it names a thing again ("a cat on top of a
# cat"); on dev, 0.2 to 3 change CIDEr by 0.000 to 0.002.
REPETITION_PENALTY = 1.0


class CaptionGenerator:
    """Decodes, ranks and rates captions with a bundle's networks; safe to share between threads.

    The captions are in the bundle's language. The joint space is loaded on first use. ``novelty``
    is None if the bundle has no such head. Raises BundleError.
    """

    def __init__(
        self, bundle: Bundle, threads: int = 1, english: "CaptionGenerator | None" = None
    ) -> None:
        """``english`` is the generator of the same bundle that a further language shares the joint
        space with.
        """
        manifest = bundle.manifest
        self._bundle = bundle
        self._words: list[str] = bundle.tokenizer["words"]
        self._grid = (int(manifest["regions"]["rows"]), int(manifest["regions"]["columns"]))
        self._confidence = manifest["confidence"]
        self.language = bundle.language
        self._threads = threads
        self._decoder = Decoder.from_bundle(bundle, threads)
        self._english = english
        self._joint_space: JointSpace | None = None
        self._joint_space_lock = threading.Lock()
        self.has_joint_space = JOINT_SPACE in manifest["files"]
        self._ngram_prior = NgramPrior.from_bundle(bundle)
        self.novelty: NoveltyHead | None = (
            NoveltyHead.from_bundle(bundle) if english is None else english.novelty
        )
        weights = manifest["decode"]
        self._can_match = self.has_joint_space and (
            self.language == ENGLISH or JOINT_WORDS in manifest["files"]
        )
        self._match_weight = float(weights.get("match_weight", 0.0)) if self._can_match else 0.0
        self._ngram_weight = float(weights.get("ngram_weight", 0.0)) if self._ngram_prior else 0.0
        self._genders: agreement.Genders = manifest.get("genders", {})
        # Only what makes captions agree looks words up.
        self._ids = {word: i for i, word in enumerate(self._words)} if self._genders else {}
        self._object_ids = {
            i for i, word in enumerate(self._words) if names_object(word, language=self.language)
        }
        self._colour_ids = tuple(
            i for i, word in enumerate(self._words) if is_colour_word(word, self.language)
        )

    def in_language(self, language: str) -> "CaptionGenerator":
        """Load that of another language. Raises DescriptionLanguageError and BundleError."""
        return CaptionGenerator(self._bundle.in_language(language), self._threads, english=self)

    @property
    def joint_space(self) -> JointSpace:
        """The bundle's joint space. Raises BundleError if it has none."""
        if self._english is not None:
            return self._english.joint_space
        with self._joint_space_lock:
            if self._joint_space is None:
                self._joint_space = JointSpace.from_bundle(self._bundle)
        return self._joint_space

    def embed(self, features: Features) -> np.ndarray | None:
        """Embed a picture in the joint space, (D,) float32; None if the bundle has none."""
        return self.joint_space.embed_picture(features.regions) if self.has_joint_space else None

    def generate(self, features: Features) -> list[Beam]:
        """Return the captions of a picture, best first; never empty."""
        embedding = self.embed(features) if self._match_weight else None
        return self.rank(self.decode([features])[0], features, embedding)

    def decode(self, features: Sequence[Features]) -> list[list[Beam]]:
        """Return the captions of each picture as the decoder alone ranks them.

        The captions of grayscale pictures name no colours. German articles agree with their nouns.
        """
        decoded = self._decoder.decode_many(
            [picture.regions for picture in features],
            [self._colour_ids if picture.grayscale else () for picture in features],
        )
        return [self._agreeing(beams) for beams in decoded] if self._genders else decoded

    def _agreeing(self, beams: Sequence[Beam]) -> list[Beam]:
        """The captions of a picture in agreement; of those that become the same, the best one."""
        agreeing: dict[tuple[int, ...], Beam] = {}
        for beam in beams:
            words = agreement.agree([self._words[i] for i in beam.words], self._genders, self._ids)
            ids = tuple(self._ids[word] for word in words)
            agreeing.setdefault(ids, replace(beam, words=ids))
        return list(agreeing.values())

    def rank(
        self, beams: Sequence[Beam], features: Features, embedding: np.ndarray | None
    ) -> list[Beam]:
        """Rank a picture's captions again by the joint space and the n-gram prior.

        Both count as much as the bundle's weights say; captions that name a thing again count less.
        ``embedding`` (D,) is the picture's.
        """
        if self._match_weight and embedding is not None:
            beams = self._with_matches(beams, embedding)
        if self._ngram_weight:
            beams = self._with_ngram_scores(beams, features.pooled)
        return sorted(beams, key=self._rank_key, reverse=True)

    def text(self, word_ids: Sequence[int]) -> str:
        """Return the bare caption: lower case (but German nouns), no full stop."""
        return re.sub(r" ('s\b|,)", r"\1", " ".join(self._words[i] for i in word_ids))

    def words(self, beam: Beam, frame: Region) -> tuple[Word, ...]:
        """Return each word of a caption with its probability and region.

        ``frame`` is the part of the picture that was encoded.
        """
        return tuple(
            Word(
                self._words[word],
                math.exp(log_prob),
                to_whole(attention_region(row.reshape(self._grid)), frame),
            )
            for word, log_prob, row in zip(beam.words, beam.log_probs, beam.attention, strict=False)
        )

    def doubt(self, beams: Sequence[Beam]) -> DoubtfulWord | None:
        """Find the thing in the best of the ``beams`` that may well be another one.

        It is improbable, and another caption differs in this word alone and has a probable one in
        its place. Of several such captions, the best one counts. There is none in German, whose
        nouns may need another article.
        """
        if self.language != ENGLISH:
            return None
        found = (self._doubtful_word(beams[0], beam) for beam in beams[1:])
        return next((doubt for doubt in found if doubt is not None), None)

    def _doubtful_word(self, best: Beam, other: Beam) -> DoubtfulWord | None:
        pairs = list(zip(best.words, other.words, strict=False))
        places = [place for place, (one, another) in enumerate(pairs) if one != another]
        if len(best.words) != len(other.words) or len(places) != 1:
            return None
        (place,) = places
        word, instead = (self._words[i] for i in pairs[place])
        position = len(self.text(best.words[: place + 1]).split()) - 1
        is_close = (
            math.exp(best.log_probs[place]) < DOUBTFUL and math.exp(other.log_probs[place]) >= OTHER
        )
        is_noun = names_object(word) and names_object(instead)
        is_plural = word.startswith(instead) or instead.startswith(word)
        # The possessive 's is joined to its word.
        is_whole = self.text(best.words).split()[position] == word
        if is_close and is_noun and is_whole and not is_plural:
            return DoubtfulWord(position, word, instead)
        return None

    def measures(
        self,
        beams: Sequence[Beam],
        features: Features,
        embedding: np.ndarray | None = None,
        *,
        with_matches: bool = True,
    ) -> list[dict[str, float]]:
        """Return the measures of confidence of each caption; see `confidence.MEASURES`.

        ``features`` are the picture's. ``with_matches`` includes the match in the joint space, if
        the bundle has one; the picture's ``embedding`` (D,) is computed if it is not given.
        """
        if with_matches and self._can_match and any(beam.match is None for beam in beams):
            embedding = self.embed(features) if embedding is None else embedding
            if embedding is not None:
                beams = self._with_matches(beams, embedding)
        if any(beam.ngram_score is None for beam in beams):
            beams = self._with_ngram_scores(beams, features.pooled)
        novelty = None if self.novelty is None else self.novelty.novelty(features.pooled)
        return confidence.measures(beams, features, novelty)

    def confidences(
        self, beams: Sequence[Beam], features: Features, embedding: np.ndarray | None = None
    ) -> list[float]:
        """Return how likely people would accept each caption, in [0, 1]."""
        with_matches = confidence.uses(self._confidence, "match")
        measures = self.measures(beams, features, embedding, with_matches=with_matches)
        return [confidence.confidence(self._confidence, measured) for measured in measures]

    def _rank_key(self, beam: Beam) -> float:
        match = self._match_weight * (beam.match or 0.0)
        things = [word for word in beam.words if word in self._object_ids]
        repeated = REPETITION_PENALTY * (len(things) - len(set(things)))
        return beam.score + match + self._ngram_weight * (beam.ngram_score or 0.0) - repeated

    def _with_matches(self, beams: Sequence[Beam], embedding: np.ndarray) -> list[Beam]:
        """Add the cosine of each caption and the picture's ``embedding`` (D,)."""
        captions = [self.text(beam.words) for beam in beams]
        space = self.joint_space
        matches = [
            float(embedding @ space.embed_sentence(c, self.language)) if c else 0.0
            for c in captions
        ]
        return [replace(beam, match=m) for beam, m in zip(beams, matches, strict=True)]

    def _with_ngram_scores(self, beams: Sequence[Beam], pooled: np.ndarray) -> list[Beam]:
        """Add the n-gram score of each caption; ``pooled`` (C,) is the picture's."""
        prior = self._ngram_prior
        if prior is None:
            return list(beams)
        expected = prior.expected(pooled)
        return [replace(beam, ngram_score=prior.score(beam.words, expected)) for beam in beams]


def attention_region(attention: np.ndarray) -> Region:
    """Return the box around the strongest cells of attention (rows, columns), which sums to 1.

    The strongest cells are taken until they hold ``REGION_SHARE`` of the attention.
    """
    order = np.argsort(-attention, axis=None)
    total = np.cumsum(attention.ravel()[order])
    strongest = order[: int(np.searchsorted(total, REGION_SHARE * total[-1])) + 1]
    rows, columns = np.unravel_index(strongest, attention.shape)
    height, width = attention.shape
    return (
        float(columns.min() / width),
        float(rows.min() / height),
        float((columns.max() + 1) / width),
        float((rows.max() + 1) / height),
    )
