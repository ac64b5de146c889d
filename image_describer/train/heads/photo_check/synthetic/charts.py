"""Charts: most by matplotlib, some of the test half by Pillow alone."""

import io
from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import Image

from image_describer.train.heads.photo_check.synthetic.hand import Half, Hand

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


def plotted(hand: Hand, draw: Callable[[Hand, Any], None], polar: bool = False) -> Image.Image:
    """One figure with one axis that ``draw`` draws on, in a style sheet of the hand's half."""
    import matplotlib

    matplotlib.use("Agg")  # no display is needed, nor touched
    from matplotlib import pyplot

    sheet = hand.one(SHEETS[hand.half])
    own = {"font.family": hand.one(FAMILIES[hand.half]), "axes.unicode_minus": False}
    with pyplot.style.context([sheet, own]):
        if sheet not in ("dark_background", "grayscale"):
            colours = ["#{:02x}{:02x}{:02x}".format(*colour) for colour in hand.palette]
            pyplot.rcParams["axes.prop_cycle"] = pyplot.cycler(color=colours)
        size = (hand.number(3, 9), hand.number(2.5, 6))
        kind = {"projection": "polar"} if polar else {}
        figure, axis = pyplot.subplots(figsize=size, subplot_kw=kind)
        draw(hand, axis)
        if hand.chance(0.7):
            axis.set_title(hand.words(hand.whole(1, 5)))
        if hand.chance(0.6) and not polar:
            axis.set_xlabel(hand.words(1))
            axis.set_ylabel(hand.words(1))
        if hand.chance(0.2):
            axis.set_axis_off()
        elif hand.chance(0.4):
            axis.grid(alpha=0.5)
        content = io.BytesIO()
        figure.savefig(content, dpi=hand.whole(50, 130), format="png")
        pyplot.close(figure)
    return Image.open(content).convert("RGB")


def _walks(hand: Hand, count: int, length: int) -> np.ndarray:
    return np.cumsum(hand.rng.normal(size=(count, length)), axis=1)


def lines(hand: Hand) -> Image.Image:
    def draw(hand: Hand, axis: Any) -> None:
        marker = hand.one(["", "", "o", "."])
        for walk in _walks(hand, hand.whole(1, 6), hand.whole(6, 120)):
            axis.plot(walk, marker=marker, label=hand.words(1), linewidth=hand.number(0.8, 3))
        if hand.chance(0.6):
            axis.legend()

    return plotted(hand, draw)


def bars(hand: Hand) -> Image.Image:
    def draw(hand: Hand, axis: Any) -> None:
        names = [f"{hand.words(1)} {k}" for k in range(hand.whole(3, 10))]
        heights = hand.rng.uniform(1, 10, len(names))
        put = axis.barh if hand.chance(0.4) else axis.bar
        put(names, heights, color=[np.divide(hand.colour(), 255) for _ in names])

    return plotted(hand, draw)


def points(hand: Hand) -> Image.Image:
    def draw(hand: Hand, axis: Any) -> None:
        for _ in range(hand.whole(1, 4)):
            x, y = hand.rng.normal(
                hand.number(-3, 3), hand.number(0.5, 2), (2, hand.whole(20, 400))
            )
            axis.scatter(x, y, s=hand.number(4, 60), alpha=hand.number(0.4, 1))

    return plotted(hand, draw)


def pie(hand: Hand) -> Image.Image:
    def draw(hand: Hand, axis: Any) -> None:
        shares = hand.rng.uniform(1, 5, hand.whole(3, 8))
        axis.pie(shares, labels=[hand.words(1) for _ in shares], autopct="%1.0f%%")

    return plotted(hand, draw)


def histogram(hand: Hand) -> Image.Image:
    def draw(hand: Hand, axis: Any) -> None:
        axis.hist(hand.rng.gamma(2, 2, 600), bins=hand.whole(8, 50))

    return plotted(hand, draw)


def grid_of_values(hand: Hand) -> Image.Image:
    def draw(hand: Hand, axis: Any) -> None:
        values = hand.rng.normal(size=(hand.whole(4, 20), hand.whole(4, 20)))
        drawn = axis.imshow(values, cmap=hand.one(MAPS[hand.half]), aspect="auto")
        if hand.chance(0.7):
            axis.figure.colorbar(drawn)

    return plotted(hand, draw)


def areas(hand: Hand) -> Image.Image:
    def draw(hand: Hand, axis: Any) -> None:
        layers = np.abs(_walks(hand, hand.whole(2, 6), 40)) + 1
        axis.stackplot(range(40), layers, labels=[hand.words(1) for _ in layers])
        axis.legend(loc="upper left")

    return plotted(hand, draw)


def boxes(hand: Hand) -> Image.Image:
    def draw(hand: Hand, axis: Any) -> None:
        data = [hand.rng.normal(hand.number(-2, 2), 1, 60) for _ in range(hand.whole(3, 9))]
        if hand.chance(0.5):
            axis.boxplot(data, patch_artist=hand.chance(0.5))
        else:
            axis.violinplot(data, showmedians=True)

    return plotted(hand, draw)


def radar(hand: Hand) -> Image.Image:
    def draw(hand: Hand, axis: Any) -> None:
        count = hand.whole(4, 10)
        angles = np.linspace(0, 2 * np.pi, count, endpoint=False)
        for _ in range(hand.whole(1, 4)):
            values = hand.rng.uniform(1, 5, count)
            axis.fill(angles, values, alpha=0.3)
            axis.plot(np.append(angles, angles[0]), np.append(values, values[0]))

    return plotted(hand, draw, polar=True)


def errors(hand: Hand) -> Image.Image:
    def draw(hand: Hand, axis: Any) -> None:
        x = np.arange(hand.whole(5, 20))
        for walk in _walks(hand, hand.whole(1, 4), len(x)):
            axis.errorbar(x, walk, yerr=hand.rng.uniform(0.2, 1, len(x)), capsize=3, fmt="s--")

    return plotted(hand, draw)


def doughnut(hand: Hand) -> Image.Image:
    """Pillow's, without axes; smooth, because it is drawn at three times its size."""
    width, height = 3 * hand.whole(320, 700), 3 * hand.whole(300, 500)
    image, draw = hand.canvas(width, height)
    side = int(0.7 * min(width, height))
    box = (side // 8, height // 6, side // 8 + side, height // 6 + side)
    angle = 0.0
    for k in range(hand.whole(3, 8)):
        end = min(360.0, angle + hand.number(25, 130))
        colour = hand.palette[k % len(hand.palette)]
        draw.pieslice(box, angle, end, colour)
        row = height // 6 + k * height // 10
        draw.rectangle((width * 0.68, row, width * 0.71, row + height // 30), colour)
        draw.text((width * 0.73, row), hand.words(1), hand.ink, hand.font(height / 20))
        angle = end
    draw.pieslice(box, angle, 360, hand.mixed(0.3))
    hole = side * hand.number(0.1, 0.35)
    draw.ellipse((box[0] + hole, box[1] + hole, box[2] - hole, box[3] - hole), hand.ground)
    draw.text((side // 8, height // 20), hand.words(4), hand.ink, hand.font(height / 14))
    return image.reduce(3)


def candles(hand: Hand) -> Image.Image:
    """A course of prices by Pillow, as trading pages draw it."""
    width, height = hand.whole(500, 1400), hand.whole(300, 800)
    image, draw = hand.canvas(width, height)
    for row in range(0, height, height // 8):
        draw.line((0, row, width, row), hand.mixed(0.2, hand.ink))
        draw.text((width - 60, row), f"{hand.number(10, 99):.2f}", hand.ink, hand.font(13))
    step = hand.whole(8, 22)
    price = height / 2
    for x in range(10, width - 70, step):
        close = float(np.clip(price + hand.rng.normal(0, height / 25), 20, height - 20))
        colour = hand.palette[0] if close < price else hand.palette[1]
        low, high = min(price, close), max(price, close)
        draw.line((x, low - hand.number(2, 25), x, high + hand.number(2, 25)), colour)
        draw.rectangle((x - step * 0.35, low, x + step * 0.35, high + 1), colour)
        price = close
    return image


STYLES: dict[Half, tuple[Callable[[Hand], Image.Image], ...]] = {
    "fit": (lines, bars, points, pie, histogram, grid_of_values),
    "test": (areas, boxes, radar, errors, doughnut, candles),
}
