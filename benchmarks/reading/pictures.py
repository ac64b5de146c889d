"""The set: each picture by its form, how it was taken and its language."""

import importlib.util
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from reading import camera, forms

SEED = 22

Take = Callable[[Image.Image, np.random.Generator], Image.Image]

# The way a picture was taken, by its name.
TAKES: dict[str, Take] = {
    "screenshot": lambda page, rng: page,
    "scan": camera.scan,
    "photograph": camera.photograph,
    "perspective": camera.from_below,
    "turned by 7 degrees": lambda page, rng: camera.turned(page, rng, 7),
    "turned by -7 degrees": lambda page, rng: camera.turned(page, rng, -7),
    "turned by 90 degrees": lambda page, rng: camera.turned(page, rng, 90),
    "turned by 270 degrees": lambda page, rng: camera.turned(page, rng, 270),
    "turned by 180 degrees": lambda page, rng: camera.turned(page, rng, 180),
    "low contrast": camera.low_contrast,
    "JPEG quality 30": lambda page, rng: camera.jpeg(camera.scan(page, rng), 30),
    "dark room": camera.dim,
    "open book": lambda page, rng: camera.photograph(camera.curled(page, rng, 0.0), rng),
    "open book, both pages": lambda page, rng: camera.photograph(
        camera.curled(page, rng, 0.5), rng, long_side=3000
    ),
    "round a cylinder": camera.cylinder,
    "on a street": lambda page, rng: camera.photograph(
        page, rng, long_side=1600, tilt=0.12, angle=rng.uniform(-4, 4), background=camera.street
    ),
    "on a street, far away": lambda page, rng: _far(page, rng),
}


def _far(page: Image.Image, rng: np.random.Generator) -> Image.Image:
    """A sign or a plate that takes a third of the picture's width."""
    size = (2000, 1500)
    width = size[0] * rng.uniform(0.28, 0.36)
    height = width * page.height / page.width
    left, top = rng.uniform(0.2, 0.45) * size[0], rng.uniform(0.3, 0.55) * size[1]
    lean = height * rng.uniform(-0.25, 0.25)
    corners = [
        (left, top),
        (left + width, top + lean),
        (left + width, top + lean + height * rng.uniform(0.85, 1.0)),
        (left, top + height),
    ]
    scene = camera.shade(camera.place(page, camera.street(rng, size), corners), rng)
    return camera.jpeg(camera.noise(scene, rng, 5.0), 85)


@dataclass(frozen=True)
class Drawn:
    """A picture of the set that can be drawn. form, take, language: what the results group by."""

    form: str
    take: str
    language: str
    page: forms.Form

    @property
    def name(self) -> str:
        take = self.take.replace(",", "")
        return f"{self.form} {take} {self.language}".replace(" ", "-").lower()

    def draw(self) -> tuple[Image.Image, str]:
        """The picture, and what is written in it: one line a line, in reading order."""
        rng = np.random.default_rng([SEED, zlib.crc32(self.name.encode())])
        page = self.page(rng, self.language)
        return TAKES[self.take](page.image, rng), "\n".join(page.lines)


def _each(form: str, page: forms.Form, *takes: str, language: str = "en") -> Iterator[Drawn]:
    for take in takes:
        yield Drawn(form, take, language, page)


def _all() -> Iterator[Drawn]:
    yield from _each("receipt", forms.receipt, "scan", "photograph", "turned by 7 degrees")
    yield from _each("receipt", forms.receipt, "photograph", "dark room", language="de")
    yield from _each("receipt", forms.receipt, "turned by 180 degrees", language="fr")
    yield from _each(
        "letter",
        forms.letter,
        "scan",
        "photograph",
        "perspective",
        "turned by 90 degrees",
        "turned by 180 degrees",
        "turned by 7 degrees",
        "JPEG quality 30",
    )
    yield from _each("letter", forms.letter, "scan", "turned by 270 degrees", language="de")
    yield from _each("letter", forms.letter, "photograph", "low contrast", language="fr")
    yield from _each(
        "two columns",
        forms.columns(2),
        "scan",
        "photograph",
        "turned by -7 degrees",
        "turned by 90 degrees",
        "JPEG quality 30",
    )
    yield from _each("two columns", forms.columns(2), "perspective", language="de")
    yield from _each("three columns", forms.columns(3), "scan", "photograph", "turned by 7 degrees")
    yield from _each("three columns", forms.columns(3), "scan", language="fr")
    yield from _each("captions", forms.captions, "scan", "photograph", "turned by 180 degrees")
    yield from _each("table", forms.table("departures"), "photograph", "turned by 90 degrees")
    yield from _each("table of wages", forms.table("wages"), "scan", "perspective")
    yield from _each("table without lines", forms.table("nutrition", ruled=False), "low contrast")
    yield from _each("dark table", forms.table("plan", dark=True), "screenshot", language="de")
    yield from _each("chat", forms.chat(), "screenshot")
    yield from _each("chat", forms.chat(), "screenshot", language="de")
    yield from _each("dark chat", forms.chat(dark=True), "screenshot")
    yield from _each("dark chat", forms.chat(dark=True), "screenshot", language="fr")
    yield from _each("web page", forms.web(), "screenshot")
    yield from _each("web page", forms.web(), "screenshot", language="fr")
    yield from _each("dark web page", forms.web(dark=True), "screenshot", "JPEG quality 30")
    yield from _each("dark code", forms.code(dark=True, numbers=False), "screenshot")
    yield from _each("numbered code", forms.code(dark=False, numbers=True), "screenshot")
    yield from _each("mail", forms.mail, "screenshot")
    yield from _each("settings", forms.settings, "screenshot")
    yield from _each("slide", forms.slide(plain=True), "screenshot", "photograph")
    yield from _each("colored slide", forms.slide(plain=False), "screenshot", language="de")
    yield from _each("form", forms.form, "scan", "photograph")
    yield from _each("form", forms.form, "photograph", language="de")
    yield from _each("menu", forms.menu(two_columns=False), "photograph")
    yield from _each("menu in columns", forms.menu(two_columns=True), "photograph", "scan")
    yield from _each("menu", forms.menu(two_columns=False), "photograph", language="fr")
    yield from _each(
        "menu on a board", forms.menu(two_columns=False, board=True), "photograph", language="de"
    )
    for name, take in (
        ("en", "photograph"),
        ("en 2", "perspective"),
        ("de", "scan"),
        ("fr", "photograph"),
    ):
        label = "poster of a fair" if name == "en 2" else "poster"
        yield from _each(label, forms.poster(name), take, language=name[:2])
    yield from _each("small print", forms.small_print, "scan", "photograph", "JPEG quality 30")
    yield from _each("small print", forms.small_print, "scan", language="de")
    yield from _each("book", forms.book, "scan", "open book", "low contrast")
    yield from _each("book", forms.book, "open book", language="de")
    yield from _each("facing pages", forms.facing, "scan", "open book, both pages")
    yield from _each("facing pages", forms.facing, "open book, both pages", language="de")
    yield from _each("note", forms.note, "photograph", "turned by 7 degrees")
    for number, (language, letters) in enumerate(forms.texts.PLATES):
        take = "on a street" if number % 2 else "on a street, far away"
        yield from _each("number plate", forms.plate(letters), take, language=language)
    for number, name in enumerate(forms.texts.SIGNS):
        take = "on a street, far away" if number % 2 else "on a street"
        language = {"door": "de", "hours": "fr"}.get(name, "en")
        yield from _each(f"sign {name}", forms.sign(name), take, language=language)
    for name in forms.texts.PACKAGES:
        label = {"en 2": "package of soup", "medicine": "package of tablets"}.get(name, "package")
        language = name[:2] if name != "medicine" else "en"
        yield from _each(label, forms.package(name), "round a cylinder", language=language)


DRAWN = {picture.name: picture for picture in _all()}

# Real photographs that may be kept, of packages that may be installed; what they say was typed from
# the picture. In parts of the others there is more than can be read for sure.
OPENCV = Path("/usr/share/doc/opencv-doc/examples/text")  # Debian's opencv-doc, BSD


@dataclass(frozen=True)
class Real:
    """A real photograph: its file, the part to take as shares of its sides, what it says."""

    file: Path
    part: tuple[float, float, float, float]
    text: str
    form: str = "real photograph"
    take: str = "photograph"
    language: str = "en"


WHOLE = (0.0, 0.0, 1.0, 1.0)


def _scikit_image() -> Path:
    spec = importlib.util.find_spec("skimage")
    return Path(spec.origin).parent / "data" if spec and spec.origin else Path("/nonexistent")


REAL = {
    "real-page": Real(
        _scikit_image() / "page.png",
        (0, 0, 1, 0.775),  # a line below is cut off
        "Region-based segmentation\nLet us first determine markers of the coins and the\n"
        "background. These markers are pixels that we can label\nunambiguously as either object "
        "or background. Here,\nthe markers are found at the two extreme parts of the\n"
        "histogram of grey values:",
    ),
    "real-notice": Real(
        OPENCV / "scenetext01.jpg",
        (0, 0, 1, 0.48),
        "NOTICE\nDOUBLE\nPARKING\nPROHIBITED\nAT ALL TIMES",
    ),
    "real-direction": Real(
        OPENCV / "scenetext02.jpg",
        WHOLE,
        "Sports Centre\nWivenhoe Park\nConference Centre\nCar Parks",
    ),
    "real-shop": Real(OPENCV / "scenetext03.jpg", WHOLE, "the copy centre"),
    "real-generator": Real(OPENCV / "scenetext04.jpg", WHOLE, "GM 125"),
    "real-barrier": Real(OPENCV / "scenetext05.jpg", WHOLE, "NO PARKING\nNO PARKING"),
}


def about(name: str) -> Drawn | Real | None:
    """What is known of a picture of the set; None for those that somebody added to a folder."""
    return DRAWN.get(name) or REAL.get(name)


def missing() -> list[str]:
    """The real photographs that aren't installed."""
    return [name for name, real in REAL.items() if not real.file.exists()]


def _write(folder: Path, name: str, image: Image.Image, text: str, lossless: bool) -> None:
    if lossless:
        image.save(folder / f"{name}.png")
    else:
        image.save(folder / f"{name}.jpg", quality=95)
    # Last, so that a picture that has its text is complete.
    (folder / f"{name}.txt").write_text(text + "\n", encoding="utf-8")


def write_set(folder: Path, names: Iterable[str] | None = None) -> Iterator[str]:
    """Write what is missing in ``folder``, NAME.png or NAME.jpg with NAME.txt; yield each name."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in [*DRAWN, *REAL] if names is None else names:
        if (folder / f"{name}.txt").exists():
            continue
        if name in DRAWN:
            picture = DRAWN[name]
            _write(folder, name, *picture.draw(), picture.take == "screenshot")
        else:
            real = REAL[name]
            if not real.file.exists():
                continue
            with Image.open(real.file) as image:
                sides = (image.width, image.height) * 2
                part = [round(s * side) for s, side in zip(real.part, sides, strict=True)]
                _write(folder, name, image.convert("RGB").crop(tuple(part)), real.text, True)
        yield name
