"""Detects photographs without colours, for which the network invents colour words."""

import re

import numpy as np
from PIL import Image

THUMBNAIL_PX = 48  # least length of the longer side; averaging removes grain
TINT_TOLERANCE = 0.02  # of the contrast: how near to one tint 95 % of the pixels must be; of
# photographs with colours 1 in 100 is as near, and then hardly any colour can be seen
VIVID_CHROMA = 48  # of 128: the tint of an old print is paler, a red object in the dark is not
CURVE_TERMS = 6  # of the polynomial from brightness to tint

# Black, white and grey are not among them: they can still be seen.
_COLOUR_WORDS = (  # untranslated
    "red blue green yellow orange pink purple brown tan gold golden silver blond blonde redheaded "
    "reddish colored colorful colorfully multicolored multi-colored multicolor tri-colored "
    "brown-haired"
)
COLOUR_WORDS = frozenset(_COLOUR_WORDS.split())
# One or several colours with the endings of German: "hellblaues", "rot-weiß", "orangefarbener".
_GERMAN_COLOUR = re.compile(
    r"(?:\w+-)*(?:hell|dunkel|rosa|schwarz|weiß|semmel)?"
    r"(?:rot|blau|grün|gelb|orange|rosa|pink|lila|violett|türkis|braun|beige|gold|silber|blond|bunt"
    r"|(?:mehr|viel|verschieden)?farbig|farbenfroh|semmelfarben)"
    r"(?:farben|haarig|weiß|schwarz)?[emnrs]{0,4}(?:-\w+)*"
)


def is_colour_word(word: str, language: str = "en") -> bool:
    """Whether a word of a caption names a colour that can't be seen in a grayscale picture."""
    if language == "de":
        return bool(_GERMAN_COLOUR.fullmatch(word.lower()))
    return word in COLOUR_WORDS


def is_grayscale(pixels: np.ndarray) -> bool:
    """Return whether (H, W, 3) uint8 is black and white, or in shades of one tint like old prints.

    In both, the chroma of a pixel follows from its brightness.
    """
    factor = max(1, max(pixels.shape[:2]) // THUMBNAIL_PX)
    small = np.asarray(Image.fromarray(pixels).reduce(factor).convert("YCbCr"))
    luma, *chroma = small.reshape(-1, 3).astype(np.float32).T
    contrast = max(1.0, float(np.ptp(np.percentile(luma, (1, 99)))))
    powers = np.stack([(luma / 255) ** power for power in range(CURVE_TERMS)], axis=1, dtype=float)
    # Least squares by a 6 x 6 matrix instead of thousands of rows: ten times as fast. Unlike @,
    # einsum doesn't wake the threads of NumPy's BLAS, which then busy-wait for 60 ms on the cores
    # that the network needs: see train/experiments/no_vnni.md.
    gram = np.einsum("nj,nk->jk", powers, powers)
    rcond = (np.finfo(np.float32).eps * len(powers)) ** 2  # lstsq's default for all rows, squared
    for values in chroma:
        if np.percentile(np.abs(values - 128), 95) > VIVID_CHROMA:
            return False
        moments = np.einsum("nk,n->k", powers, values)
        tint = np.einsum("nk,k->n", powers, np.linalg.lstsq(gram, moments, rcond=rcond)[0])
        if np.percentile(np.abs(values - tint), 95) > TINT_TOLERANCE * contrast:
            return False
    return True
