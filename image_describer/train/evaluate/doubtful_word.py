"""How often the doubtful word of a caption is right, alone and with the other word beside it."""

from collections.abc import Mapping, Sequence

from image_describer.captioner.description import DoubtfulWord
from image_describer.train.evaluate.demographics import stem


def judge(
    doubts: Mapping[str, DoubtfulWord | None], references: Mapping[str, Sequence[str]]
) -> dict[str, float]:
    """Figures of the doubtful words of pictures; a word is right if people used it, or its plural.

    "doubtful word" is the share of pictures whose captions have one, "doubtful word right" how
    often it is right, "either word right" how often it or the other one is; these are left out if
    there is none. ``references`` are tokenized.
    """
    used = {key: {stem(word) for one in references[key] for word in one.split()} for key in doubts}
    told, either = [], []
    for key, doubt in doubts.items():
        if doubt is not None:
            told.append(stem(doubt.word) in used[key])
            either.append(told[-1] or stem(doubt.other) in used[key])
    figures = {"doubtful word": round(len(told) / max(1, len(doubts)), 4)}
    if told:
        figures["doubtful word right"] = round(sum(told) / len(told), 4)
        figures["either word right"] = round(sum(either) / len(either), 4)
    return figures
