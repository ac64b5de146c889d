"""Charts: most by matplotlib, some of the test half by Pillow."""

import io
from collections.abc import Callable
from functools import partial, wraps
from typing import Any

import numpy as np
from PIL import Image

from image_describer.train.heads.photo_check.synthetic.randomizer import Half, Randomizer, Styles

SHEETS: dict[Half, tuple[str, ...]] = {
    "fit": ("default", "classic", "dark_background", "seaborn-v0_8-whitegrid", "grayscale"),
    "test": ("ggplot", "bmh", "fivethirtyeight", "Solarize_Light2", "seaborn-v0_8-darkgrid"),
}
FAMILIES: dict[Half, tuple[str, ...]] = {
    "fit": ("DejaVu Sans", "DejaVu Serif", "DejaVu Sans Mono"),
    "test": ("STIXGeneral", "cmss10", "cmtt10"),
}
MAPS: dict[Half, tuple[str, ...]] = {
    "fit": ("viridis", "gray", "Blues"),
    "test": ("magma", "coolwarm", "terrain", "YlOrRd"),
}


def chart(
    draw: Callable[[Randomizer, Any], None], polar: bool = False
) -> Callable[[Randomizer], Image.Image]:
    """Make a style out of a function that draws on an axis of matplotlib."""

    @wraps(draw)
    def style(rng: Randomizer) -> Image.Image:
        import matplotlib

        matplotlib.use("Agg")  # no display is needed, nor touched
        from matplotlib import pyplot

        sheet = rng.choice(SHEETS[rng.half])
        own = {"font.family": rng.choice(FAMILIES[rng.half]), "axes.unicode_minus": False}
        with pyplot.style.context([sheet, own]):
            if sheet not in ("dark_background", "grayscale"):
                colors = ["#{:02x}{:02x}{:02x}".format(*color) for color in rng.palette]
                pyplot.rcParams["axes.prop_cycle"] = pyplot.cycler(color=colors)
            size = (rng.uniform(3, 9), rng.uniform(2.5, 6))
            kind = {"projection": "polar"} if polar else {}
            figure, axis = pyplot.subplots(figsize=size, subplot_kw=kind)
            draw(rng, axis)
            if rng.chance(0.7):
                axis.set_title(rng.words(rng.integer(1, 5)))
            if rng.chance(0.6) and not polar:
                axis.set_xlabel(rng.words(1))
                axis.set_ylabel(rng.words(1))
            if rng.chance(0.2):
                axis.set_axis_off()
            elif rng.chance(0.4):
                axis.grid(alpha=0.5)
            content = io.BytesIO()
            figure.savefig(content, dpi=rng.integer(50, 130), format="png")
            pyplot.close(figure)
        return Image.open(content).convert("RGB")

    return style


def _walks(rng: Randomizer, count: int, length: int) -> np.ndarray:
    return np.cumsum(rng.generator.normal(size=(count, length)), axis=1)


@chart
def lines(rng: Randomizer, axis: Any) -> None:
    marker = rng.choice(["", "", "o", "."])
    for walk in _walks(rng, rng.integer(1, 6), rng.integer(6, 120)):
        axis.plot(walk, marker=marker, label=rng.words(1), linewidth=rng.uniform(0.8, 3))
    if rng.chance(0.6):
        axis.legend()


@chart
def bars(rng: Randomizer, axis: Any) -> None:
    names = [f"{rng.words(1)} {k}" for k in range(rng.integer(3, 10))]
    heights = rng.generator.uniform(1, 10, len(names))
    put = axis.barh if rng.chance(0.4) else axis.bar
    put(names, heights, color=[np.divide(rng.color(), 255) for _ in names])


@chart
def points(rng: Randomizer, axis: Any) -> None:
    for _ in range(rng.integer(1, 4)):
        x, y = rng.generator.normal(
            rng.uniform(-3, 3), rng.uniform(0.5, 2), (2, rng.integer(20, 400))
        )
        axis.scatter(x, y, s=rng.uniform(4, 60), alpha=rng.uniform(0.4, 1))


@chart
def pie(rng: Randomizer, axis: Any) -> None:
    shares = rng.generator.uniform(1, 5, rng.integer(3, 8))
    axis.pie(shares, labels=[rng.words(1) for _ in shares], autopct="%1.0f%%")


@chart
def histogram(rng: Randomizer, axis: Any) -> None:
    axis.hist(rng.generator.gamma(2, 2, 600), bins=rng.integer(8, 50))


@chart
def grid_of_values(rng: Randomizer, axis: Any) -> None:
    values = rng.generator.normal(size=(rng.integer(4, 20), rng.integer(4, 20)))
    drawn = axis.imshow(values, cmap=rng.choice(MAPS[rng.half]), aspect="auto")
    if rng.chance(0.7):
        axis.figure.colorbar(drawn)


@chart
def areas(rng: Randomizer, axis: Any) -> None:
    layers = np.abs(_walks(rng, rng.integer(2, 6), 40)) + 1
    axis.stackplot(range(40), layers, labels=[rng.words(1) for _ in layers])
    axis.legend(loc="upper left")


@chart
def boxes(rng: Randomizer, axis: Any) -> None:
    data = [rng.generator.normal(rng.uniform(-2, 2), 1, 60) for _ in range(rng.integer(3, 9))]
    if rng.chance(0.5):
        axis.boxplot(data, patch_artist=rng.chance(0.5))
    else:
        axis.violinplot(data, showmedians=True)


@partial(chart, polar=True)
def radar(rng: Randomizer, axis: Any) -> None:
    count = rng.integer(4, 10)
    angles = np.linspace(0, 2 * np.pi, count, endpoint=False)
    for _ in range(rng.integer(1, 4)):
        values = rng.generator.uniform(1, 5, count)
        axis.fill(angles, values, alpha=0.3)
        axis.plot(np.append(angles, angles[0]), np.append(values, values[0]))


@chart
def errors(rng: Randomizer, axis: Any) -> None:
    x = np.arange(rng.integer(5, 20))
    for walk in _walks(rng, rng.integer(1, 4), len(x)):
        axis.errorbar(x, walk, yerr=rng.generator.uniform(0.2, 1, len(x)), capsize=3, fmt="s--")


def doughnut(rng: Randomizer) -> Image.Image:
    """By Pillow, at three times its size to be smooth."""
    width, height = 3 * rng.integer(320, 700), 3 * rng.integer(300, 500)
    image, draw = rng.canvas(width, height)
    side = int(0.7 * min(width, height))
    box = (side // 8, height // 6, side // 8 + side, height // 6 + side)
    angle = 0.0
    for k in range(rng.integer(3, 8)):
        end = min(360.0, angle + rng.uniform(25, 130))
        color = rng.palette[k % len(rng.palette)]
        draw.pieslice(box, angle, end, color)
        row = height // 6 + k * height // 10
        draw.rectangle((width * 0.68, row, width * 0.71, row + height // 30), color)
        rng.write(draw, (width * 0.73, row), rng.words(1), height / 20)
        angle = end
    draw.pieslice(box, angle, 360, rng.blend(0.3))
    hole = side * rng.uniform(0.1, 0.35)
    draw.ellipse((box[0] + hole, box[1] + hole, box[2] - hole, box[3] - hole), rng.bg)
    rng.write(draw, (side // 8, height // 20), rng.words(4), height / 14)
    return image.reduce(3)


def candles(rng: Randomizer) -> Image.Image:
    """Prices over time, as trading sites show them."""
    width, height = rng.integer(500, 1400), rng.integer(300, 800)
    image, draw = rng.canvas(width, height)
    for row in range(0, height, height // 8):
        draw.line((0, row, width, row), rng.blend(0.2, rng.fg))
        rng.write(draw, (width - 60, row), f"{rng.uniform(10, 99):.2f}", 13)
    step = rng.integer(8, 22)
    price = height / 2
    for x in range(10, width - 70, step):
        close = float(np.clip(price + rng.generator.normal(0, height / 25), 20, height - 20))
        color = rng.palette[0] if close < price else rng.palette[1]
        low, high = min(price, close), max(price, close)
        draw.line((x, low - rng.uniform(2, 25), x, high + rng.uniform(2, 25)), color)
        draw.rectangle((x - step * 0.35, low, x + step * 0.35, high + 1), color)
        price = close
    return image


STYLES: Styles = {
    "fit": (lines, bars, points, pie, histogram, grid_of_values),
    "test": (areas, boxes, radar, errors, doughnut, candles),
}
