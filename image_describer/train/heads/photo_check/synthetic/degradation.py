"""What happens to pictures before they are opened: resizing, JPEG, scanning, no colors."""

import io

import numpy as np
from PIL import Image, ImageFilter

from image_describer.train.heads.photo_check.synthetic.randomizer import Randomizer

SIDES = (224, 320, 480, 640, 800, 1200)
FILTERS = (
    Image.Resampling.BOX,
    Image.Resampling.BILINEAR,
    Image.Resampling.BICUBIC,
    Image.Resampling.LANCZOS,
)


def degrade(rng: Randomizer, image: Image.Image) -> Image.Image:
    """Resize and compress some pictures; a few become grayscale or look scanned."""
    if rng.chance(0.3):  # as Flickr8k's photographs are
        image = image.resize((224, 224), rng.choice(FILTERS))
    elif rng.chance(0.5):
        scale = rng.choice(SIDES) / max(image.size)
        if scale < 1.5:
            size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
            image = image.resize(size, rng.choice(FILTERS))
    if rng.chance(0.1):
        image = image.convert("L").convert("RGB")
    if rng.chance(0.08):
        image = _scanned(rng, image)
    if rng.chance(0.55):
        file = io.BytesIO()
        image.save(file, "JPEG", quality=rng.integer(30, 96))
        image = Image.open(file).convert("RGB")
    return image


def _scanned(rng: Randomizer, image: Image.Image) -> Image.Image:
    """Slightly rotated, blurred and noisy, in uneven light."""
    angle = rng.uniform(-3, 3)
    rotated = image.rotate(angle, Image.Resampling.BICUBIC, fillcolor=(225, 225, 220))
    blurred = rotated.filter(ImageFilter.GaussianBlur(rng.uniform(0, 0.8)))
    pixels = np.asarray(blurred, np.float32)
    light = np.linspace(rng.uniform(0.8, 1), rng.uniform(0.9, 1), image.width)[:, None]
    noise = rng.generator.normal(0, rng.uniform(1, 5), pixels.shape)
    return Image.fromarray(np.clip(pixels * light + noise, 0, 255).astype(np.uint8))
