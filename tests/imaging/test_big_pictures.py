"""Big pictures of ordinary devices are opened, as far as memory allows."""

import io
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest

from image_describer.errors import PictureError
from image_describer.imaging.open import open_picture
from image_describer.metadata import formats
from tests.support import pictures
from tests.support.pictures import encoded, heic, photograph, png, quarters

SMALL = photograph(64, 48)
FILM = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + b"\xff\xda\xff\xc4\xff\xd8\0\0\0\x08moov" * 9_000


def is_too_large(content: bytes) -> bool:
    """Return whether a picture, whose pixels are not there, is refused for its size."""
    with pytest.raises(PictureError) as caught:
        open_picture(content)
    return "too large" in caught.value.sentence


def limit_px(content: bytes) -> int:
    format_ = formats.recognize(content[: formats.HEAD_BYTES])
    assert format_ is not None
    file = io.BytesIO(content)
    return formats.limit_px(format_, formats.read_header(format_, file), file)


PANORAMA_PX, SENSOR_PX = 16_382 * 3_900, 9_504 * 6_336  # the largest of phones and cameras


def test_how_large_a_heic_may_be_depends_on_its_memory() -> None:
    assert max(PANORAMA_PX, SENSOR_PX) < limit_px(heic(SMALL)) < 100_000_000
    assert SENSOR_PX < limit_px(heic(SMALL, chroma=444)) < limit_px(heic(SMALL))
    assert limit_px(heic(SMALL.convert("RGBA"))) < limit_px(heic(SMALL))


def test_how_large_an_avif_may_be_depends_on_its_memory() -> None:
    small = limit_px(encoded(SMALL, "AVIF"))
    assert SENSOR_PX < small < 100_000_000
    assert SENSOR_PX < limit_px(encoded(SMALL, "AVIF", subsampling="4:4:4")) < small


def test_how_large_a_png_may_be_depends_on_its_memory() -> None:
    assert not is_too_large(png(11_648, 8_736, b"", colour=2))
    assert not is_too_large(png(14_900, 10_000, b"", colour=0))
    assert is_too_large(png(14_900, 10_000, b"", colour=2))


@pytest.mark.parametrize("progressive", [False, True])
def test_a_film_behind_a_jpeg_does_not_matter(progressive: bool) -> None:
    content = encoded(quarters(3000, 2000), "JPEG", progressive=progressive) + FILM
    assert np.array_equal(open_picture(content).pixels, open_picture(content[: -len(FILM)]).pixels)


@pytest.mark.parametrize("format_name", ["HEIC", "AVIF", "PNG", "TIFF"])
def test_a_film_behind_another_picture_does_not_matter(format_name: str) -> None:
    content = heic(SMALL) if format_name == "HEIC" else encoded(SMALL, format_name)
    box = (8 + len(FILM)).to_bytes(4, "big") + b"mpvd"  # Samsung's
    for film in (FILM, box + FILM):
        assert np.array_equal(open_picture(content + film).pixels, open_picture(content).pixels)


def memory_of_opening(path: Path) -> tuple[str, int]:
    """Return the size of the picture that a new process opens, and the memory that it takes."""
    script = (
        "import sys\n"
        "from image_describer.imaging.open import open_picture\n"
        "opened = open_picture(sys.argv[1])\n"
        "print(opened.width, opened.height)\n"
        "print(open('/proc/self/status').read().split('VmHWM:')[1].split()[0])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True
    )
    size, memory = done.stdout.splitlines()
    return size, int(memory) * 1024


def big_tiff(bits: int) -> bytes:
    """Return 45 million pixels in a single strip, compressed at once as some programs do."""
    width, height = 8_256, 5_504
    compressor = zlib.compressobj(1)
    row = np.asarray(photograph(width // 16, 1)).repeat(16, axis=1).astype(f"<u{bits // 8}")
    if bits == 16:
        row *= 257
    data = b"".join(compressor.compress(row.tobytes()) for _ in range(height)) + compressor.flush()
    tags = [(256, 4, 1, width), (257, 4, 1, height), (258, 3, 1, bits), (259, 3, 1, 8)]
    tags += [(262, 3, 1, 2), (277, 3, 1, 3), (278, 4, 1, height), (279, 4, 1, len(data))]
    return pictures.tiff(*tags, (273, 4, 1, 8 + 2 + 12 * 9 + 4), data=data)


@pytest.mark.skipif(sys.platform != "linux", reason="other units of memory")
@pytest.mark.parametrize("bits", [8, 16])
def test_a_tiff_of_45_million_pixels_takes_little_memory(tmp_path: Path, bits: int) -> None:
    path = tmp_path / "big.tif"
    path.write_bytes(big_tiff(bits))
    size, memory = memory_of_opening(path)
    assert size == "8256 5504"
    assert memory < 300_000_000


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="other units of memory")
def test_a_panorama_takes_less_than_a_gigabyte(tmp_path: Path) -> None:
    path = tmp_path / "panorama.heic"
    image = quarters(16_382, 3_628)
    path.write_bytes(heic(image, quality=50, enc_params={"preset": "ultrafast"}))
    size, memory = memory_of_opening(path)
    assert size == "16382 3628"
    assert memory < 700_000_000
