"""Photographs without colours: what the network says of colours there, it has made up."""

import numpy as np
from PIL import Image

THUMBNAIL_PX = 48  # of the longer side, at least; averaging takes the grain out
TINTED = 0.02  # of the contrast, how near to one tint all but 5 % of the pixels are; of
# photographs with colours 1 in 100 is as near, and then hardly any colour is to be seen
VIVID = 48  # of 128: an old print's tint is paler, a red thing in the dark is not
BENDS = 6  # terms of the curve from brightness to tint

# Black, white and grey can be seen all the same.
_NAMES = (
    "red blue green yellow orange pink purple brown tan gold golden silver blond blonde redheaded "
    "reddish colored colorful colorfully multicolored multi-colored multicolor tri-colored "
    "brown-haired"
)
COLOURS = frozenset(_NAMES.split())


def is_colourless(pixels: np.ndarray) -> bool:
    """Whether (H, W, 3) uint8 is black and white, or in shades of one tint as old prints are.

    In both, the chroma of a pixel follows from how bright it is.
    """
    factor = max(1, max(pixels.shape[:2]) // THUMBNAIL_PX)
    image = Image.fromarray(pixels)
    small = np.asarray((image.reduce(factor) if factor > 1 else image).convert("YCbCr"))
    light, *chroma = small.reshape(-1, 3).astype(np.float32).T
    contrast = max(1.0, float(np.ptp(np.percentile(light, (1, 99)))))
    bent = np.stack([(light / 255) ** power for power in range(BENDS)], axis=1)
    # Solved on the six numbers that QR leaves of thousands: the same solution, ten times as fast.
    q, r = np.linalg.qr(bent)
    least = np.finfo(np.float32).eps * len(bent)  # as lstsq chooses it for the whole
    for values in chroma:
        if np.percentile(np.abs(values - 128), 95) > VIVID:
            return False
        tint = bent @ np.linalg.lstsq(r, q.T @ values, rcond=least)[0]
        if np.percentile(np.abs(values - tint), 95) > TINTED * contrast:
            return False
    return True
