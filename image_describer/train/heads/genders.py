"""The genders of German nouns, with which captions are made to agree (`captioner.agreement`)."""

from collections import Counter

from image_describer.captioner import agreement
from image_describer.errors import TrainingError
from image_describer.train.heads.context import FittedPart, HeadContext


def fit(context: HeadContext) -> FittedPart:
    """Learn them from the captions of the training pictures; only of words that the bundle knows.

    Figures: how many nouns have each gender, and the share of the captions of dev that people
    wrote which would change. Raises TrainingError if the recipe's language is not German.
    """
    if context.language != "de":
        raise TrainingError(
            "Only German nouns have genders here.", "Choose a recipe in German: --recipe german."
        )
    captions, known = context.data.captions, set(context.vocabulary().words)
    written = [one.split() for key in context.data.splits["train"] for one in captions[key]]
    found = agreement.genders_of(written)
    genders = {noun: gender for noun, gender in found.items() if noun in known}
    dev = [one.split() for key in context.data.splits["dev"] for one in captions[key]]
    changed = sum(agreement.agree(words, genders, known) != words for words in dev)
    figures = {
        **dict(sorted(Counter(genders.values()).items())),
        "changed": round(changed / max(1, len(dev)), 4),
    }
    return FittedPart({}, {"genders": genders}, figures)
