"""The shipped model taught the words of a user's own pictures, in a minute.

The extractor stays as it is, byte for byte, and the decoder but for the new words (see `tuning`).
A fifth of the pictures is held out; the old model and the new one caption them, and a new one that
does worse is not installed.
"""

import contextlib
import dataclasses
import logging
import os
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from tqdm import tqdm

from image_describer import paths
from image_describer.captioner import bundle_files
from image_describer.captioner.bundle import Bundle, open_bundle, write_manifest
from image_describer.captioner.encoder import Encoder
from image_describer.captioner.tokenizer import save_tokenizer, tokenize
from image_describer.errors import PictureError, TrainingError
from image_describer.imaging.open import open_picture
from image_describer.train.data.dataset import Dataset
from image_describer.train.data.formats.csv import WAY_OUT, read_own
from image_describer.train.data.verify_images import without_damaged
from image_describer.train.data.vocabulary import Vocabulary
from image_describer.train.evaluate import captions as evaluate
from image_describer.train.export import bundle as installing
from image_describer.train.export import litert, model_card
from image_describer.train.extend import new_words as tuning
from image_describer.train.extend.new_words import Read, Reader, Tuning
from image_describer.train.models.attention_lstm import AttentionDecoder
from image_describer.train.models.bundle_weights import decoder_weights, fill
from image_describer.train.recipe import Network

log = logging.getLogger(__name__)

NAME = "own-pictures"
SHOWN_AFTER_S = 1.0  # a bar for what is over sooner tells nobody anything
TUNING = Tuning()
FEW = 30  # held-out pictures; CIDEr and BLEU of fewer say little
LEAST_COUNT = 2  # captions that hold a new word; one that was said once can't be learnt
TUNED = ", tuned"  # after the name of a bundle
WORD_LOSS, JUDGED_BY = "word loss", "CIDEr"


@dataclasses.dataclass(frozen=True)
class Compared:
    """``before`` and ``after``: measures of the held-out pictures, ``word loss`` among them."""

    pictures: int
    trained_on: int
    new_words: tuple[str, ...]
    before: dict[str, float]
    after: dict[str, float]
    draft: Path

    @property
    def worse(self) -> str:
        """Why the old one is to be kept; empty where the new one is better."""
        if self.after[WORD_LOSS] >= self.before[WORD_LOSS]:
            return "It knows your words no better than the old one"
        if self.after.get(JUDGED_BY, 0.0) < self.before.get(JUDGED_BY, 0.0):
            return "Its captions of the pictures held out are less like yours than the old one's"
        return ""

    def __str__(self) -> str:
        lines = [
            f"Trained on {self.trained_on} pictures; {self.pictures} others were held out:",
            *(
                f"  {key:9} {value:.3f} before, {self.after[key]:.3f} after"
                for key, value in self.before.items()
            ),
            "  (word loss: how surprised the model is by your words, lower is better; the others: "
            "how much its own captions are like yours, higher is better)",
        ]
        if self.pictures < FEW:
            lines.append(f"  {self.pictures} pictures are few: differences may be luck.")
        if self.new_words:
            words = ", ".join(self.new_words[:20]) + (" ..." if len(self.new_words) > 20 else "")
            lines.append(f"New words: {words}")
        lines.append(f"The new model is in {self.draft}.")
        if self.worse:
            lines.append(f"{self.worse}: it is not worth it. More pictures may help.")
        return "\n".join(lines)


def tune(
    folder: Path, runs: Path, bundle: Path | None, install: bool, choices: Tuning = TUNING
) -> tuple[str, bool]:
    """Everything, from the folder to what is told of it, and whether all that was asked was done.

    Installs only where ``install`` says so and the held-out pictures don't speak against it.
    Raises TrainingError and BundleError.
    """
    compared = compare(folder, runs, bundle, choices)
    told = [str(compared)]
    if install and compared.worse:
        return "\n".join([*told, "Nothing was installed: the old one stays in use."]), False
    if not install:
        way = "" if compared.worse else " To use it, give the same command and --install."
        return "\n".join([*told, f"It is not in use.{way}"]), True
    place = bundle or installing.install_folder(paths.bundle_folder())
    kept = installing.install(compared.draft, place)
    old = f"The old one is in {kept}; " if kept.exists() else ""
    told.append(f"It is in use from now on, in {place}. {old}--restore brings the old one back.")
    return "\n".join(told), True


def compare(folder: Path, runs: Path, bundle: Path | None, choices: Tuning = TUNING) -> Compared:
    """Train and judge; the new bundle lies in ``<runs>/own-pictures/tuned``."""
    old = open_bundle(bundle or paths.bundle_folder())
    network = _network(old)
    data = without_damaged(read_own(folder), lambda sentence: log.warning("%s", sentence))
    vocabulary, new = _words(old, data)
    if not new:
        raise TrainingError(
            f"The captions in {folder} hold no word that the model doesn't know.",
            f"It can learn a word that {LEAST_COUNT} of the captions that it learns from hold.",
        )
    weights, reader = decoder_weights(old), Reader(old)
    extractor = Encoder(old.path("encoder.tflite"), threads=os.cpu_count() or 1)
    first_new = len(vocabulary) - len(new)
    stand_ins = [
        tuning.stand_in(weights, reader, _heard(extractor, data, vocabulary, word), first_new + at)
        for at, word in enumerate(tqdm(new, desc="new words", unit=" words", delay=SHOWN_AFTER_S))
    ]
    reader.know(stand_ins)
    data, read = _read(extractor, reader, data, vocabulary, choices.mirror)
    for problem in data.problems:
        log.warning("%s", problem)
    train, held = data.splits["train"], data.splits["dev"]
    if not train or not held:
        raise TrainingError(f"Too few pictures of {folder} can be read.", WAY_OUT)
    learnt = tuning.learn(weights, read["train"], stand_ins, choices)
    draft = _export(_decoder(network, learnt), old, data, vocabulary, runs / NAME / "tuned")
    first, last = (
        {WORD_LOSS: tuning.word_loss(some, read["dev"]), **_measures(at, data)}
        for some, at in ((weights, old.folder), (learnt, draft))
    )
    return Compared(len(held), len(train), tuple(new), first, last, draft)


def _heard(
    extractor: Encoder, data: Dataset, vocabulary: Vocabulary, word: str
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Regions of the pictures of which ``word`` is said, each with the ids of one such caption."""
    for name in data.splits["train"]:
        holding = [c for c in data.captions[name] if word in tokenize(c)]
        if holding:
            with contextlib.suppress(PictureError):
                regions = extractor.encode(open_picture(data.path(name)).pixels).regions
                yield regions, vocabulary.encode(holding[:1])[0]


def _read(
    extractor: Encoder, reader: Reader, data: Dataset, vocabulary: Vocabulary, mirror: bool
) -> tuple[Dataset, dict[str, Read]]:
    """What the decoder is like before each word of the captions of each split.

    Pictures that the program itself would refuse are left out of the data that comes back.
    """
    splits: dict[str, list[str]] = {"train": [], "dev": []}
    found: dict[str, list[Read]] = {"train": [], "dev": []}
    problems = list(data.problems)
    every = [(split, name) for split in splits for name in data.splits[split]]
    for split, name in tqdm(every, desc="pictures", unit=" pictures", delay=SHOWN_AFTER_S):
        try:
            pixels = open_picture(data.path(name)).pixels
        except PictureError as error:
            problems.append(f"{name} is left out: {error}")
            continue
        ids = vocabulary.encode(data.captions[name])
        views = [pixels]
        if mirror and split == "train":
            views.append(np.ascontiguousarray(pixels[:, ::-1]))
        found[split] += [reader.read(extractor.encode(view).regions, ids) for view in views]
        splits[split].append(name)
    data = dataclasses.replace(data, splits=splits, problems=problems)
    return data, {split: Read.together(several) for split, several in found.items() if several}


def _words(old: Bundle, data: Dataset) -> tuple[Vocabulary, list[str]]:
    """The bundle's vocabulary with the new words of the captions after it, commonest first."""
    known = Vocabulary.from_tokenizer(old.tokenizer)
    counts: Counter[str] = Counter(
        word
        for name in data.splits["train"]
        for caption in data.captions[name]
        for word in set(tokenize(caption))
    )
    before = set(known.words)
    common = [word for word, count in counts.items() if count >= LEAST_COUNT and word not in before]
    new = sorted(common, key=lambda word: (-counts[word], word))
    return dataclasses.replace(known, words=(*known.words, *new)), new


def _network(old: Bundle) -> Network:
    """What the bundle tells of its network. Raises TrainingError for one that can't be tuned."""
    net = old.manifest.get("recipe", {}).get("network", {})
    if net.get("kind", "attention-lstm") != "attention-lstm":
        raise TrainingError(f"A {net['kind']} can't be tuned.", "Only 'best' and its like can.")
    try:
        return Network(**net)
    except TypeError as error:
        raise TrainingError(
            f"The bundle {old.folder} doesn't tell what network it holds: {error}."
        ) from error


def _decoder(network: Network, weights: dict[str, np.ndarray]) -> AttentionDecoder:
    words, regions = len(weights["embed/embeddings"]), len(weights["project/kernel"])
    decoder = AttentionDecoder(
        words, network.units, network.embedding, network.heads, network.dropout
    )
    decoder(np.zeros((1, 1, regions), np.float32), np.zeros((1, 1, 1), np.int32))
    fill(decoder, weights)
    return decoder


def _export(
    decoder: AttentionDecoder, old: Bundle, data: Dataset, vocabulary: Vocabulary, place: Path
) -> Path:
    """The old bundle with the new decoder and its words in ``place``.

    Confidence is the old one's, which was fitted to a thousand pictures.
    """
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    for name in old.manifest["files"]:
        bundle_files.write(place / name, old.path(name).read_bytes())
    grid, beams = old.manifest["regions"], old.manifest["decode"]["beams"]
    shape = (grid["rows"] * grid["columns"], grid["channels"])
    litert.export_decoder(decoder, shape, beams, place / "decoder.tflite")
    save_tokenizer(vocabulary.tokenizer(), place / "tokenizer.pkl")
    unlisted = ("format", "created", model_card.MADE)
    fields = {key: value for key, value in old.manifest.items() if key not in unlisted}
    fields |= {
        "name": f"{old.manifest['name'].removesuffix(TUNED)}{TUNED}",
        "files": list(old.manifest["files"]),
        "metrics": {},
        "data": {split: len(names) for split, names in data.splits.items()},
    }
    model_card.write(place / model_card.NAME, write_manifest(place, fields))
    return place


def _measures(bundle: Path, data: Dataset) -> dict[str, float]:
    """BLEU-4 and CIDEr of a bundle's captions of the held-out pictures, where there are enough."""
    held: Sequence[str] = data.splits["dev"]
    if len(held) < 2:
        return {}
    said = evaluate.caption_split(bundle, data, held)
    captions = evaluate.tokenize({name: [one.caption] for name, one in said.items()})
    references = evaluate.tokenize({name: data.captions[name] for name in said})
    scores = evaluate.score(captions, references)
    return {key: scores[key] for key in ("BLEU-1", "BLEU-4", "CIDEr")}
