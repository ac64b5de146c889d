"""What a scanner or a camera makes of a page: light, perspective, blur, noise, JPEG."""

import io
from collections.abc import Callable
from itertools import pairwise

import numpy as np
from PIL import Image, ImageFilter

Corners = list[tuple[float, float]]  # left top, right top, right bottom, left bottom


def _smooth(rng: np.random.Generator, size: tuple[int, int], cells: int) -> np.ndarray:
    """Smooth noise in [0, 1], (H, W)."""
    small = Image.fromarray((rng.random((cells, cells)) * 255).astype(np.uint8))
    return np.asarray(small.resize(size, Image.Resampling.BICUBIC), np.float32) / 255


def table_top(rng: np.random.Generator, size: tuple[int, int]) -> Image.Image:
    """A background: a table or a cloth, with a grain and nothing written on it."""
    color = rng.uniform((60, 45, 35), (175, 150, 130))
    grain = np.asarray(
        Image.fromarray((rng.random((size[1] // 3, 6)) * 255).astype(np.uint8)).resize(
            size, Image.Resampling.BICUBIC
        ),
        np.float32,
    )
    light = 0.75 + 0.3 * _smooth(rng, size, 4) + 0.0008 * (grain - 128)
    return Image.fromarray(np.clip(color * light[..., None], 0, 255).astype(np.uint8))


def _coefficients(target: Corners, source: Corners) -> list[float]:
    """Of the perspective that takes a place in ``target`` to that in ``source``."""
    rows, values = [], []
    for (x, y), (u, v) in zip(target, source, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        values += [u, v]
    return [float(value) for value in np.linalg.solve(np.array(rows, float), np.array(values))]


def place(page: Image.Image, background: Image.Image, corners: Corners) -> Image.Image:
    """Lay ``page`` on ``background`` so that its corners are at ``corners``, with a soft shadow."""
    width, height = page.size
    source = [(0.0, 0.0), (width, 0.0), (width, height), (0.0, height)]
    # A page much larger than its place would lose every second row.
    across = max(abs(corners[1][0] - corners[0][0]), abs(corners[2][0] - corners[3][0]))
    down = max(abs(corners[3][1] - corners[0][1]), abs(corners[2][1] - corners[1][1]))
    shrink = max(1.0, min(width / max(1, across), height / max(1, down)))
    if shrink > 1.5 and across > down * 0.3:
        page = page.resize((int(width / shrink), int(height / shrink)), Image.Resampling.LANCZOS)
        source = [(x / shrink, y / shrink) for x, y in source]
    numbers = _coefficients(corners, source)
    mask = Image.new("L", page.size, 255)
    transform = Image.Transform.PERSPECTIVE
    laid = page.transform(background.size, transform, numbers, Image.Resampling.BICUBIC)
    mask = mask.transform(background.size, transform, numbers, Image.Resampling.BILINEAR)
    shadow = mask.filter(ImageFilter.GaussianBlur(background.width / 120))
    dark = Image.eval(background, lambda value: int(value * 0.55))
    offset = background.width // 200
    under = Image.composite(
        dark,
        background,
        shadow.transform(shadow.size, Image.Transform.AFFINE, (1, 0, -offset, 0, 1, -offset)),
    )
    return Image.composite(laid, under, mask)


def shade(image: Image.Image, rng: np.random.Generator, strength: float = 0.3) -> Image.Image:
    """Uneven light: brighter on one side, a soft shadow somewhere."""
    width, height = image.size
    angle = rng.uniform(0, 2 * np.pi)
    y, x = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j].astype(np.float32)
    slope = (x - 0.5) * np.cos(angle) + (y - 0.5) * np.sin(angle)
    light = 1 - strength * (0.5 + slope) - strength * 0.6 * _smooth(rng, image.size, 3)
    warm = np.array([1.02, 1.0, rng.uniform(0.9, 1.0)], np.float32)
    pixels = np.asarray(image, np.float32) * light[..., None] * warm
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def noise(image: Image.Image, rng: np.random.Generator, sigma: float) -> Image.Image:
    """What a sensor adds: normal noise, ``sigma`` in levels of 255."""
    pixels = np.asarray(image, np.float32)
    pixels = pixels + rng.normal(0, sigma, pixels.shape).astype(np.float32)
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def jpeg(image: Image.Image, quality: int) -> Image.Image:
    """What is left after JPEG."""
    stored = io.BytesIO()
    image.save(stored, "JPEG", quality=quality)
    return Image.open(stored).convert("RGB")


def scan(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """A flatbed scanner: nearly straight, slightly soft, paper that is not quite white."""
    angle = rng.uniform(-0.6, 0.6)
    paper = image.getpixel((2, 2))
    turned = image.rotate(angle, Image.Resampling.BICUBIC, fillcolor=paper)
    soft = turned.filter(ImageFilter.GaussianBlur(0.5))
    pixels = np.asarray(soft, np.float32) * 0.94 + 8
    return jpeg(noise(Image.fromarray(pixels.astype(np.uint8)), rng, 2.0), 90)


def photograph(
    page: Image.Image,
    rng: np.random.Generator,
    *,
    long_side: int = 2400,
    tilt: float = 0.03,
    angle: float = 0.0,
    light: float = 0.3,
    blur: float = 0.8,
    grain: float = 4.0,
    quality: int = 88,
    background: Callable[[np.random.Generator, tuple[int, int]], Image.Image] = table_top,
) -> Image.Image:
    """A page that lies on something, taken by a telephone from nearly above.

    long_side: of the picture, in pixels. tilt: how far the corners are from a rectangle, as a share
    of its sides. angle: how far the page is turned, in degrees counterclockwise. blur: sigma in
    pixels.
    """
    width, height = page.size
    turn = np.deg2rad(angle)
    reach_x = abs(width * np.cos(turn)) + abs(height * np.sin(turn))
    reach_y = abs(width * np.sin(turn)) + abs(height * np.cos(turn))
    margin = rng.uniform(1.06, 1.16)
    scale = long_side / (max(reach_x, reach_y) * margin)
    size = (int(reach_x * margin * scale), int(reach_y * margin * scale))
    corners = []
    for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1)):
        dx = x * width / 2 * scale * (1 - rng.uniform(0, tilt))
        dy = y * height / 2 * scale * (1 - rng.uniform(0, tilt))
        corners.append(
            (
                size[0] / 2 + dx * np.cos(turn) + dy * np.sin(turn),
                size[1] / 2 - dx * np.sin(turn) + dy * np.cos(turn),
            )
        )
    picture = place(page, background(rng, size), corners)
    picture = shade(picture, rng, light)
    picture = picture.filter(ImageFilter.GaussianBlur(blur))
    return jpeg(noise(picture, rng, grain), quality)


def from_below(page: Image.Image, rng: np.random.Generator) -> Image.Image:
    """A page seen from the side of a table: its far edge is much shorter than the near one."""
    long_side = 2400
    width = int(long_side * 0.8)
    height = int(width * page.height / page.width * 0.85)
    size = (int(width * 1.12), int(height * 1.15))
    left, top = (size[0] - width) / 2, (size[1] - height) / 2
    far = rng.uniform(0.12, 0.16)
    lean = rng.uniform(-0.04, 0.04)
    corners = [
        (left + width * (far + lean), top),
        (left + width * (1 - far + lean), top + height * rng.uniform(0, 0.03)),
        (left + width, top + height),
        (left, top + height * 0.98),
    ]
    picture = shade(place(page, table_top(rng, size), corners), rng)
    return jpeg(noise(picture.filter(ImageFilter.GaussianBlur(0.7)), rng, 4.0), 88)


def turned(page: Image.Image, rng: np.random.Generator, angle: float) -> Image.Image:
    """A photograph of a page that is turned by ``angle`` degrees counterclockwise."""
    quarters = round(angle / 90)
    picture = photograph(page, rng, angle=angle - 90 * quarters, tilt=0.015)
    return picture.rotate(90 * quarters, expand=True)


def low_contrast(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """A faded print: the ink is a fifth of the way from the paper to black."""
    pixels = np.asarray(scan(image, rng), np.float32)
    base = rng.uniform(165, 205)
    faded = base + (pixels - 255) * rng.uniform(0.2, 0.26)
    return noise(Image.fromarray(np.clip(faded, 0, 255).astype(np.uint8)), rng, 1.5)


def dim(page: Image.Image, rng: np.random.Generator) -> Image.Image:
    """A photograph in a dark room: dark, noisy and not quite sharp."""
    picture = photograph(page, rng, light=0.45, blur=1.2, grain=2.0)
    pixels = np.asarray(picture, np.float32) * 0.4
    return jpeg(noise(Image.fromarray(pixels.astype(np.uint8)), rng, 5.0), 85)


def _bent(
    image: Image.Image, place_of: Callable[[float, float], tuple[float, float]], steps: int
) -> Image.Image:
    """Bend ``image``: ``place_of`` says, for a place in the result, where it was, in pixels."""
    width, height = image.size
    mesh = []
    xs = np.linspace(0, width, steps + 1).round().astype(int)
    ys = np.linspace(0, height, steps + 1).round().astype(int)
    for left, right in pairwise(xs):
        for top, bottom in pairwise(ys):
            quad = [
                value
                for corner in ((left, top), (left, bottom), (right, bottom), (right, top))
                for value in place_of(*corner)
            ]
            mesh.append(((int(left), int(top), int(right), int(bottom)), quad))
    return image.transform(image.size, Image.Transform.MESH, mesh, Image.Resampling.BICUBIC)


def curled(page: Image.Image, rng: np.random.Generator, spine: float) -> Image.Image:
    """A page of an open book: it rises to the spine, which is at ``spine`` in [0, 1]."""
    width, height = page.size
    rise = height * rng.uniform(0.018, 0.028)

    def place_of(x: float, y: float) -> tuple[float, float]:
        near = np.exp(-(((x / width - spine) / 0.22) ** 2))
        return x, y + rise * near * (1 - 0.6 * y / height)

    bent = _bent(page, place_of, 24)
    x = np.linspace(0, 1, width, dtype=np.float32)
    shadow = 1 - 0.45 * np.exp(-(((x - spine) / 0.05) ** 2))
    return Image.fromarray((np.asarray(bent, np.float32) * shadow[None, :, None]).astype(np.uint8))


def cylinder(label: Image.Image, rng: np.random.Generator, long_side: int = 2000) -> Image.Image:
    """A label that goes round a jar or a tin, photographed from slightly above.

    The label covers 130 degrees of it.
    """
    width, height = label.size
    half = np.deg2rad(65)
    radius = width / (2 * half)
    seen = 2 * radius * np.sin(half)
    drop = radius * rng.uniform(0.1, 0.16)  # how much lower the middle stands than the sides
    out = Image.new("RGB", (int(seen), int(height + drop)))
    strips = []
    lefts = np.linspace(0, out.width, 65).round().astype(int)
    for left, right in pairwise(lefts):
        quad: list[float] = []
        for x, y in ((left, 0), (left, out.height), (right, out.height), (right, 0)):
            theta = np.arcsin(np.clip((x - out.width / 2) / radius, -1, 1))
            lower = drop * (np.cos(theta) - np.cos(half)) / (1 - np.cos(half))
            quad += [width / 2 + radius * theta, y - lower]
        strips.append(((int(left), 0, int(right), out.height), quad))
    stretched = label.transform(
        out.size, Image.Transform.MESH, strips, Image.Resampling.BICUBIC, fillcolor=None
    )
    mask = Image.new("L", label.size, 255).transform(out.size, Image.Transform.MESH, strips)
    across = np.linspace(-1, 1, out.width, dtype=np.float32) * np.sin(half)
    light = 0.35 + 0.65 * np.sqrt(1 - across**2)
    light += 0.25 * np.exp(-(((across + 0.4) / 0.08) ** 2))  # a window's reflection
    pixels = np.clip(np.asarray(stretched, np.float32) * light[None, :, None], 0, 255)
    size = (int(out.width * 1.5), int(out.height * 1.4))
    scale = long_side / max(size)
    scene = table_top(rng, size)
    at = ((size[0] - out.width) // 2, (size[1] - out.height) // 2)
    body = np.asarray(scene, np.float32)
    glass = np.clip(np.array([150, 140, 130]) * light[None, :, None], 0, 255)
    body = body.copy()
    body[at[1] // 4 : size[1] - at[1] // 3, at[0] : at[0] + out.width] = glass
    scene = Image.fromarray(body.astype(np.uint8))
    scene.paste(Image.fromarray(pixels.astype(np.uint8)), at, mask)
    scene = scene.resize((int(size[0] * scale), int(size[1] * scale)), Image.Resampling.LANCZOS)
    scene = scene.rotate(rng.uniform(-3, 3), Image.Resampling.BICUBIC)
    return jpeg(noise(scene.filter(ImageFilter.GaussianBlur(0.7)), rng, 4.0), 88)


def street(rng: np.random.Generator, size: tuple[int, int]) -> Image.Image:
    """A background: a street out of focus."""
    width, height = size
    image = Image.new("RGB", size, "#8fa3b5")
    for _ in range(40):
        left, top = rng.uniform(-0.1, 1) * width, rng.uniform(0.1, 1) * height
        color = tuple(int(value) for value in rng.uniform(40, 190, 3) * 0.6 + 40)
        wide, high = rng.uniform(0.05, 0.3) * width, rng.uniform(0.1, 0.5) * height
        box = (int(left), int(top), int(left + wide), int(top + high))
        image.paste(color, box)
    return image.filter(ImageFilter.GaussianBlur(width / 60))
