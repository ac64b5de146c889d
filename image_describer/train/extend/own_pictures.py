"""Extends a bundle by the new words in captions of a user's own pictures, in a minute.

The encoder stays the same, byte for byte, and so do the known words of the decoder (see
`new_words`). A fifth of the pictures is held out: the old and the new model caption them, and a new
model that does worse is not installed.
"""

import dataclasses
import logging
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from itertools import islice
from pathlib import Path

import keras
import numpy as np

from image_describer import bundle_files, paths, runtime
from image_describer.captioner.bundle import (
    DECODER,
    TOKENIZER,
    Bundle,
    open_bundle,
    write_manifest,
)
from image_describer.captioner.encoder import Encoder
from image_describer.captioner.tokenizer import (
    WORD_LIMIT_CHARACTERS,
    WORDS_LIMIT,
    save_tokenizer,
    tokenize,
)
from image_describer.errors import PictureError, TrainingError
from image_describer.imaging.open import open_picture
from image_describer.train.data.dataset import Dataset
from image_describer.train.data.formats.csv import WAY_OUT, read_own
from image_describer.train.data.vocabulary import Vocabulary
from image_describer.train.evaluate import captions as evaluate
from image_describer.train.export import bundle as bundles
from image_describer.train.export import litert, model_card
from image_describer.train.extend import new_words
from image_describer.train.extend.new_words import Arrays, DecoderSteps
from image_describer.train.models.attention_lstm import AttentionLstm
from image_describer.train.models.bundle_weights import decoder_weights, fill
from image_describer.train.progress import progress

log = logging.getLogger(__name__)

DRAFT = Path("own-pictures") / "tuned"  # in the folder of runs
NAME_SUFFIX = ", tuned"
MIN_CAPTIONS = 2  # that contain a new word: it can't be learned from a single one
EXAMPLES = 8  # pictures that choose the substitute of a new word
CACHED_PICTURES = 128  # whose regions are kept in memory: 0.8 MB each
FEW_PICTURES = 30  # held out: BLEU and CIDEr of fewer say little
WORDS_SHOWN = 20
WORD_LOSS, CIDER = "word loss", "CIDEr"
MEASURES = ("BLEU-1", "BLEU-4", CIDER)

Encode = Callable[[str, bool], np.ndarray]  # key, whether mirrored -> regions (R, C)


@dataclasses.dataclass(frozen=True)
class Comparison:
    """How the old and the new model do on the pictures that were held out.

    ``before`` and ``after`` are their figures by name. ``rare`` is the number of words that were
    not learned because too few captions contain them, and ``draft`` the folder of the new bundle.
    """

    trained_on: int
    held_out: int
    words: tuple[str, ...]
    rare: int
    before: dict[str, float]
    after: dict[str, float]
    draft: Path

    @property
    def objection(self) -> str:
        """Why the new model should not be used; empty if it is better."""
        if self.after[WORD_LOSS] >= self.before[WORD_LOSS]:
            return "The new model predicts the words of your captions no better than the old one"
        if self.after.get(CIDER, 0.0) < self.before.get(CIDER, 0.0):
            return "The new model's captions are less similar to yours than those of the old one"
        return ""

    def __str__(self) -> str:
        lines = [
            f"Trained on {self.trained_on} pictures and compared on {self.held_out} others:",
            *(
                f"  {name:9} {value:.3f} before, {self.after[name]:.3f} after"
                for name, value in self.before.items()
            ),
            "  (Word loss: how badly the words of your captions are predicted; lower is better. "
            "The others: how similar the model's captions are to yours; higher is better.)",
        ]
        if self.held_out < FEW_PICTURES:
            lines.append(f"  With only {self.held_out} pictures, the differences may be chance.")
        more = ", ..." if len(self.words) > WORDS_SHOWN else ""
        lines.append(f"New words: {', '.join(self.words[:WORDS_SHOWN])}{more}")
        if self.rare:
            lines.append(
                f"Words not learned, because fewer than {MIN_CAPTIONS} of the captions trained on "
                f"contain them: {self.rare}"
            )
        lines.append(f"The new model is in {self.draft}.")
        if self.objection:
            lines.append(f"{self.objection}. More pictures may help.")
        return "\n".join(lines)


def tune(folder: Path, runs: Path, bundle: Path | None, install: bool) -> tuple[str, bool]:
    """Extend a bundle (None: the one in use) by the words of the pictures in ``folder``.

    Returns a summary, and whether all that was asked for was done: even with ``install``, a model
    that does worse on the held-out pictures is not installed. Raises TrainingError and BundleError.
    """
    compared = compare(folder, runs, bundle)
    if not install:
        way = "" if compared.objection else " To use it, repeat the command with --install."
        return f"{compared}\nIt is not in use.{way}", True
    if compared.objection:
        return f"{compared}\nNothing was installed: the old model stays in use.", False
    target = bundle or bundles.install_folder(paths.bundle_folder())
    kept = bundles.install(compared.draft, target)
    backup = f" The old one is in {kept}; the command 'restore' brings it back."
    return f"{compared}\nIt is installed in {target}.{backup if kept.exists() else ''}", True


def compare(folder: Path, runs: Path, bundle: Path | None) -> Comparison:
    """Make a new bundle, in ``runs``, and compare it with the old one.

    Raises TrainingError and BundleError.
    """
    if keras.backend.backend() != "tensorflow":  # asked now, because exporting comes last
        raise TrainingError(
            f"New words can't be added by Keras with the backend {keras.backend.backend()}.",
            "Set KERAS_BACKEND=tensorflow.",
        )
    old = open_bundle(bundle)
    weights = decoder_weights(old)
    decoder = _decoder(old, weights)
    data = _without_unreadable(read_own(folder), folder)
    for problem in data.problems:
        log.warning("%s", problem)
    vocabulary, words, rare = _extended_vocabulary(old, data)
    if not words:
        raise TrainingError(
            f"The captions in {folder} contain no word that the model doesn't know.",
            f"It learns words that at least {MIN_CAPTIONS} of the captions it is trained on "
            "contain.",
        )
    encode, train = _encode_function(old, data), data.splits["train"]
    captions = {key: vocabulary.encode(several) for key, several in data.captions.items()}
    ids = range(len(vocabulary) - len(words), len(vocabulary))
    substitutes = [
        new_words.find_substitute(
            weights, decoder, islice(_examples(train, captions, encode, word), EXAMPLES), word
        )
        for word in progress(ids, "new words", "words")
    ]

    def steps(keys: list[str], views: Iterable[bool], label: str) -> DecoderSteps:
        return new_words.join(
            new_words.run_decoder(decoder, encode(key, mirrored), captions[key], substitutes)
            for key in progress(keys, label, "pictures")
            for mirrored in views
        )

    learned = new_words.fit(weights, steps(train, (False, True), "training"), substitutes)
    draft = _export(old, learned, vocabulary, data, runs / DRAFT)
    held_out = steps(data.splits["dev"], (False,), "held out")
    before, after = (
        {WORD_LOSS: new_words.word_loss(arrays, held_out), **_measures(model, data)}
        for arrays, model in ((weights, old.folder), (learned, draft))
    )
    return Comparison(len(train), len(data.splits["dev"]), tuple(words), rare, before, after, draft)


def _without_unreadable(data: Dataset, folder: Path) -> Dataset:
    """Leave out pictures that the program can't open, and say so in ``problems``."""
    damaged = {}
    for key in progress(list(data.captions), "checking", "pictures"):
        try:
            open_picture(data.path(key))
        except PictureError as error:
            damaged[key] = f"{key} is left out: {error}"
    splits = {s: [key for key in keys if key not in damaged] for s, keys in data.splits.items()}
    problems = [*data.problems, *damaged.values()]
    if not all(splits.values()):
        raise TrainingError(f"Too few pictures in {folder} can be read. {problems[-1]}", WAY_OUT)
    return dataclasses.replace(data, splits=splits, problems=problems)


def _extended_vocabulary(old: Bundle, data: Dataset) -> tuple[Vocabulary, list[str], int]:
    """The bundle's vocabulary and the new words of the training captions, the most frequent ones
    first; the new words; and how many more words are too rare to be learned."""
    vocabulary = Vocabulary.from_tokenizer(old.tokenizer)
    known = set(vocabulary.words)
    counts = Counter(
        word
        for key in data.splits["train"]
        for caption in data.captions[key]
        for word in set(tokenize(caption)[: vocabulary.max_length]) - known
        if len(word) <= WORD_LIMIT_CHARACTERS
    )
    frequent = [word for word, count in counts.items() if count >= MIN_CAPTIONS]
    words = sorted(frequent, key=lambda word: (-counts[word], word))[: WORDS_LIMIT - len(known)]
    extended = dataclasses.replace(vocabulary, words=(*vocabulary.words, *words))
    return extended, words, len(counts) - len(words)


def _encode_function(bundle: Bundle, data: Dataset) -> Encode:
    """A function that encodes pictures as the program does."""
    encoder = Encoder.from_bundle(bundle)

    @lru_cache(CACHED_PICTURES)
    def encode(key: str, mirrored: bool = False) -> np.ndarray:
        pixels = open_picture(data.path(key)).pixels
        return encoder.encode(np.ascontiguousarray(pixels[:, ::-1] if mirrored else pixels)).regions

    return encode


def _examples(
    keys: Iterable[str], captions: Arrays, encode: Encode, word: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The regions of each picture that has a caption with ``word``, and the ids of the caption."""
    for key in keys:
        contains = (captions[key] == word).any(axis=1)
        if contains.any():
            yield encode(key, False), captions[key][contains.argmax()]


def _export(
    old: Bundle, weights: Arrays, vocabulary: Vocabulary, data: Dataset, folder: Path
) -> Path:
    """Write a copy of the old bundle with another decoder and vocabulary into ``folder``.

    Confidence remains the old one: there are too few pictures to fit it to.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in old.manifest["files"]:
        if name not in (DECODER, TOKENIZER):
            bundle_files.write(folder / name, old.path(name).read_bytes())
    grid = old.manifest["regions"]
    regions = (grid["rows"] * grid["columns"], grid["channels"])
    decoder = _decoder(old, weights)
    litert.export_decoder(decoder, regions, old.manifest["decode"]["beams"], folder / DECODER)
    save_tokenizer(vocabulary.tokenizer(), folder / TOKENIZER)
    made = old.manifest.get("made", {})
    count = len(vocabulary) - len(old.tokenizer["words"])
    note = f"Then {count} words were added from pictures of the user by the command extend words."
    fields = {key: value for key, value in old.manifest.items() if key != "created"} | {
        "name": f"{old.manifest['name'].removesuffix(NAME_SUFFIX)}{NAME_SUFFIX}",
        "made": {
            **bundles.with_note(made, note),
            "data": [*made.get("data", []), *data.sources],
        },
        "metrics": {},
    }
    model_card.write(folder / model_card.NAME, write_manifest(folder, fields))
    return folder


def _decoder(bundle: Bundle, weights: Arrays) -> AttentionLstm:
    """The bundle's decoder with other weights, which may be for more words."""
    # The shapes of the weights don't say how many attention heads there are.
    prepare = runtime.load(bundle.path(DECODER), threads=1).get_signature_runner("prepare")
    heads = int(prepare.get_output_details()["keys"]["shape"][1])
    words, embedding = weights[new_words.EMBEDDINGS].shape
    channels, units = weights["project/kernel"].shape
    decoder = AttentionLstm(words, units, embedding, heads, dropout=0.0)
    # Two regions, because Keras warns about the softmax of a single one.
    decoder(np.zeros((1, 2, channels), np.float32), np.zeros((1, 1, 1), np.int32))
    fill(decoder, weights)
    return decoder


def _measures(bundle: Path, data: Dataset) -> dict[str, float]:
    """Figures of a bundle's captions of the held-out pictures; none for a single picture, because
    CIDEr weighs words by how many pictures they occur in."""
    keys = data.splits["dev"]
    if len(keys) < 2:
        return {}
    generated = evaluate.generate(bundle, data, keys)
    captions = evaluate.tokenize({key: some.captions[:1] for key, some in generated.items()})
    references = evaluate.tokenize({key: data.captions[key] for key in generated})
    scores = evaluate.score(captions, references)
    return {name: scores[name] for name in MEASURES}
