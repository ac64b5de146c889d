"""What pictures go through before they are opened: other sizes, JPEG, grey, scanning."""

import io

import numpy as np
from PIL import Image, ImageFilter

from image_describer.train.heads.photo_check.synthetic.hand import Hand

SIDES = (224, 320, 480, 640, 800, 1200)
WAYS = (
    Image.Resampling.BOX,
    Image.Resampling.BILINEAR,
    Image.Resampling.BICUBIC,
    Image.Resampling.LANCZOS,
)


def worn(hand: Hand, image: Image.Image) -> Image.Image:
    """``image`` as it may reach us: resized or not, compressed or not, now and then grey."""
    if hand.chance(0.3):  # as the photographs of the set are
        image = image.resize((224, 224), hand.one(WAYS))
    elif hand.chance(0.5):
        scale = hand.one(SIDES) / max(image.size)
        if scale < 1.5:
            size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
            image = image.resize(size, hand.one(WAYS))
    if hand.chance(0.1):
        image = image.convert("L").convert("RGB")
    if hand.chance(0.08):
        image = scanned(hand, image)
    if hand.chance(0.55):
        image = jpeg(image, hand.whole(30, 96))
    return image


def jpeg(image: Image.Image, quality: int) -> Image.Image:
    """``image`` once compressed and opened again."""
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    return Image.open(file).convert("RGB")


def scanned(hand: Hand, image: Image.Image) -> Image.Image:
    """A little turned, uneven in light, soft and noisy."""
    turned = image.rotate(hand.number(-3, 3), Image.Resampling.BICUBIC, fillcolor=(225, 225, 220))
    soft = turned.filter(ImageFilter.GaussianBlur(hand.number(0, 0.8)))
    pixels = np.asarray(soft, np.float32)
    light = np.linspace(hand.number(0.8, 1), hand.number(0.9, 1), image.width)[None, :, None]
    noise = hand.rng.normal(0, hand.number(1, 5), pixels.shape)
    return Image.fromarray(np.clip(pixels * light + noise, 0, 255).astype(np.uint8))
