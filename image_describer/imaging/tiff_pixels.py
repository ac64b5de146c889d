"""The pixels of TIFFs in every usual layout, of which Pillow knows few, and reads some as noise.

Samples have 1 to 64 bits, are whole numbers or not, of either byte order, in strips or tiles, one
channel after the other or interleaved. libtiff, as it comes with Pillow, decompresses a band of
strips or tiles at a time, so that a large picture needs little memory.
"""

import io
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import IO, Any

import numpy as np
from PIL import Image

from image_describer.imaging.decode import black_and_white, extrema, longer_side_limit, to_8_bits
from image_describer.metadata.containers.base import DamagedFileError
from image_describer.metadata.containers.tiff import TiffDirectory, TiffReader

BAND_BYTES = 8_000_000  # read and decompressed at a time
STREAM_BYTES = 100_000_000  # of memory for a strip, above which deflate is read piece by piece
CHUNK_LIMIT_BYTES = 600_000_000  # of memory for a strip, or a row of tiles, that is compressed
READ_LIMIT_BYTES = 700_000_000  # of samples in memory, but only a band at a time
IMAGES_LIMIT_PX = 20_000_000  # in JPEG 2000 and the like
SAMPLES_LIMIT = 64  # of a pixel

_UNCOMPRESSED = 1
_COMPRESSIONS = (_UNCOMPRESSED, 5, 8, 32946, 32773, 34925, 50000)  # LZW, deflate, PackBits, LZMA, …
_IMAGE_COMPRESSIONS = {50001: "WEBP", 34712: "JPEG2000", 34933: "PNG"}  # each strip is a whole file
_IMAGE_MODES = {1: "L", 3: "RGB", 4: "RGBA"}  # by samples
_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _PALETTE, _CMYK = 0, 1, 2, 3, 5
_COLOUR_SAMPLES = {_WHITE_IS_ZERO: 1, _BLACK_IS_ZERO: 1, _RGB: 3, _PALETTE: 1, _CMYK: 4}
_MODES = {1: "L", 3: "RGB", 4: "CMYK"}  # by channels
_SAMPLE_KINDS = {1: "u", 2: "i", 3: "f", 4: "u"}
_FLOAT_BITS = (16, 32, 64)
_PREMULTIPLIED, _ALPHA = 1, 2  # kinds of extra samples
_DIFFERENCES, _FLOAT_DIFFERENCES = 2, 3  # predictors
_LOWEST_BIT_FIRST = 2
_DEFLATE = (8, 32946)
_ORIENTATION = 274

Chunks = tuple[tuple[int, int], ...]
"""Where strips or tiles lie in the file: (offset, size in bytes)."""


@dataclass(frozen=True)
class TiffLayout:
    """How the pixels of a page are stored.

    ``bits``: of a sample, whose type is ``dtype`` once it is unpacked. ``alpha``: the kind of the
    sample after the colours, 0 if that is no alpha channel. ``chunks``: those of each
    plane. ``palette``: (n, 3) uint8.
    """

    width: int
    height: int
    samples: int
    bits: int
    dtype: np.dtype
    photometric: int
    compression: int
    predictor: int
    fill_order: int
    alpha: int
    is_tiled: bool
    chunk_width: int
    chunk_height: int
    chunks: tuple[Chunks, ...]
    palette: np.ndarray | None
    orientation: int
    icc_profile: bytes

    @property
    def colours(self) -> int:
        """The samples of a pixel that are colours."""
        return _COLOUR_SAMPLES[self.photometric]

    @property
    def chunk_samples(self) -> int:
        """The samples of a pixel in one chunk."""
        return self.samples // len(self.chunks)

    @property
    def row_bytes(self) -> int:
        """The bytes of a row in one chunk."""
        return -(-self.chunk_width * self.chunk_samples * self.bits // 8)

    @property
    def across(self) -> int:
        """How many chunks lie beside one another."""
        return -(-self.width // self.chunk_width)


class TiffImage(Image.Image):
    """A page whose pixels are read when they are needed, by way of a `TiffLayout`."""

    format = "TIFF"

    def __init__(self, file: IO[bytes], layout: TiffLayout) -> None:
        super().__init__()
        self._file, self._layout = file, layout
        self._factor = 1
        self._is_loaded = False
        channels = 3 if layout.palette is not None else layout.colours
        self._mode, self._size = _MODES[channels], (layout.width, layout.height)
        if layout.icc_profile:
            self.info["icc_profile"] = layout.icc_profile

    @property
    def limit_px(self) -> int:
        """How many pixels can be read in the time that opening a picture may take."""
        if self._layout.compression in _IMAGE_COMPRESSIONS:
            return IMAGES_LIMIT_PX
        bits = self._layout.bits
        sample_bytes = 4 if bits > 8 and bits % 8 else -(-bits // 8)  # odd ones take longer
        return READ_LIMIT_BYTES // (self._layout.samples * sample_bytes)

    def draft(self, mode: object, size: object) -> None:
        """Let pixels be averaged while they are read, by as much as `decode` would later on."""
        width, height = self._size
        self._factor = max(1, max(width, height) // longer_side_limit((width, height)))
        self._size = (max(1, width // self._factor), max(1, height // self._factor))

    def load(self) -> Any:
        """Read the pixels."""
        if not self._is_loaded:
            self._is_loaded = True
            pixels = _read_pixels(self._file, self._layout, self._factor)
            self.im = _as_image(pixels, self.mode).im
        return super().load()

    def getexif(self) -> Image.Exif:
        """Return EXIF with nothing but the orientation."""
        exif = Image.Exif()
        exif[_ORIENTATION] = self._layout.orientation
        return exif


def open_tiff(file: IO[bytes], frame: int = 0) -> TiffImage | None:
    """Return a frame of a file; None if its layout is one that is left to Pillow.

    Raises DamagedFileError.
    """
    reader = TiffReader(file)
    directory = next(islice(reader.frames(), frame, None), TiffDirectory([], 0))
    layout = _layout(_Tags(reader, directory))
    file.seek(0)
    return None if layout is None else TiffImage(file, layout)


class _Tags:
    """The values of a directory."""

    def __init__(self, reader: TiffReader, directory: TiffDirectory) -> None:
        self.reader = reader
        self._entries = {entry.tag: entry for entry in reversed(directory.entries)}

    def all(self, tag: int) -> list[int]:
        return self.reader.numbers(self._entries[tag]) if tag in self._entries else []

    def one(self, tag: int, default: int) -> int:
        return next(iter(self.all(tag)), default)

    def content(self, tag: int) -> bytes:
        return self.reader.value(self._entries[tag]) if tag in self._entries else b""


def _layout(tags: _Tags) -> TiffLayout | None:
    width, height, samples = tags.one(256, 0), tags.one(257, 0), tags.one(277, 1)
    photometric, compression = tags.one(262, 0), tags.one(259, _UNCOMPRESSED)
    bits, kinds = set(tags.all(258) or [1]), set(tags.all(339) or [1])
    if (
        min(width, height) < 1
        or compression not in (*_COMPRESSIONS, *_IMAGE_COMPRESSIONS)
        or not _COLOUR_SAMPLES.get(photometric, SAMPLES_LIMIT + 1) <= samples <= SAMPLES_LIMIT
        or (len(bits), len(kinds)) != (1, 1)
        or tags.one(32997, 1) > 1  # the depth of a volume
    ):
        return None
    [sample_bits], [kind] = bits, kinds
    dtype = _sample_type(_SAMPLE_KINDS.get(kind, ""), sample_bits, tags.reader.format_prefix)
    palette = _palette(tags.all(320)) if photometric == _PALETTE else None
    is_tiled = bool(tags.all(324))
    chunks = _chunks(tags, is_tiled, samples if tags.one(284, 1) == 2 else 1)
    if dtype is None or not chunks or (photometric == _PALETTE) != (palette is not None):
        return None
    rows = tags.one(323, height) if is_tiled else min(tags.one(278, height), height)
    layout = TiffLayout(
        width=width,
        height=height,
        samples=samples,
        bits=sample_bits,
        dtype=dtype,
        photometric=photometric,
        compression=compression,
        predictor=tags.one(317, 1),
        fill_order=tags.one(266, 1),
        alpha=_alpha(tags.all(338), samples - _COLOUR_SAMPLES[photometric]),
        is_tiled=is_tiled,
        chunk_width=max(1, tags.one(322, width)) if is_tiled else width,
        chunk_height=max(1, rows),
        chunks=chunks,
        palette=palette,
        orientation=tags.one(_ORIENTATION, 1),
        icc_profile=tags.content(34675),
    )
    if sample_bits == 1 and layout.chunk_samples > 1:  # tifffile packs these bits unlike libtiff
        return None
    if compression in _IMAGE_COMPRESSIONS and not (
        (sample_bits, kind) == (8, 1) and layout.chunk_samples in _IMAGE_MODES
    ):
        return None
    down = -(-height // layout.chunk_height)
    if any(len(plane) < down * layout.across for plane in chunks):
        raise DamagedFileError
    return layout


def _sample_type(kind: str, bits: int, byte_order: str) -> np.dtype | None:
    """Return the type of samples in memory; None for those that no picture has."""
    if kind == "f":
        return np.dtype(f"{byte_order}f{bits // 8}") if bits in _FLOAT_BITS else None
    if kind and bits in (8, 16, 32, 64):
        return np.dtype(f"{byte_order}{kind}{bits // 8}")
    if kind != "u":
        return None
    if bits in (1, 2, 4):
        return np.dtype(np.uint8)
    return np.dtype(np.uint16) if 8 < bits < 16 else None


def _chunks(tags: _Tags, is_tiled: bool, planes: int) -> tuple[Chunks, ...]:
    offsets = tags.all(324 if is_tiled else 273)
    sizes = tags.all(325 if is_tiled else 279)
    sizes = sizes or [tags.reader.size - offset for offset in offsets]
    chunks = list(zip(offsets, sizes, strict=False))
    length = len(chunks) // planes
    if not length:
        return ()
    return tuple(tuple(chunks[n * length : (n + 1) * length]) for n in range(planes))


def _alpha(extra_samples: list[int], count: int) -> int:
    kind = extra_samples[0] if extra_samples and count else 0
    return kind if kind in (_PREMULTIPLIED, _ALPHA) else 0


def _palette(values: list[int]) -> np.ndarray | None:
    """Return (n, 3) uint8: all reds are stated first, most often as 16 bits."""
    if len(values) < 3:
        return None
    palette = np.array(values[: len(values) // 3 * 3]).reshape(3, -1).T
    return (palette if palette.max() < 256 else palette >> 8).astype(np.uint8)


def _read_pixels(file: IO[bytes], layout: TiffLayout, factor: int) -> np.ndarray:
    """Return (h, w) or (h, w, channels) uint8, each pixel the mean of factor x factor ones."""
    down, right = min(factor, layout.height), min(factor, layout.width)
    is_deep = layout.bits >= 16 and not layout.alpha and layout.photometric in (0, 1, 2)
    pixels: np.ndarray = np.empty(0)
    top = 0
    rest = np.empty((0, layout.width, 1))
    for planes in zip(*[_bands(file, layout, plane) for plane in layout.chunks], strict=True):
        band = np.concatenate(planes, axis=-1) if len(planes) > 1 else planes[0]
        band = band[..., : layout.colours + bool(layout.alpha)]
        if not is_deep:
            band = _to_colours(band, layout)
        if len(rest):
            band = np.concatenate([rest, band])
        whole = len(band) // down * down
        rest = band[whole:]
        means = _mean(band[:whole], down, right)
        if not top:
            shape = (layout.height // down, layout.width // right, means.shape[-1])
            pixels = np.empty(shape, means.dtype)
        pixels[top : top + len(means)] = means
        top += len(means)
    if is_deep:
        levels = black_and_white(*extrema(pixels), layout.dtype)
        scaled = np.empty(pixels.shape, np.uint8)
        for row, values in enumerate(pixels):  # a row at a time, to save memory
            scaled[row] = to_8_bits(values, levels)
        pixels = 255 - scaled if layout.photometric == _WHITE_IS_ZERO else scaled
    return pixels[..., 0] if pixels.shape[-1] == 1 else pixels


def _as_image(pixels: np.ndarray, mode: str) -> Image.Image:
    height, width = pixels.shape[:2]
    return Image.frombuffer(mode, (width, height), pixels.tobytes(), "raw", mode, 0, 1)


def _to_colours(band: np.ndarray, layout: TiffLayout) -> np.ndarray:
    """Return colours as uint8, on white, of samples whose greatest value is white."""
    if layout.dtype.kind == "f":
        full = 1.0
    else:
        full = 2.0 ** (layout.bits - (layout.dtype.kind == "i")) - 1
    indices = band[..., 0]
    if band.dtype.kind == "u" and band.dtype.itemsize <= 2:  # a table is faster
        band = to_8_bits(np.arange(256**band.dtype.itemsize), (0.0, full))[band]
    else:
        band = to_8_bits(band, (0.0, full))
    colours = band[..., : layout.colours]
    if layout.palette is not None:
        colours = layout.palette[np.minimum(indices, len(layout.palette) - 1)]
    elif layout.photometric == _WHITE_IS_ZERO:
        colours = 255 - colours
    if not layout.alpha:
        return colours
    colours, alpha = colours.astype(np.uint16), band[..., layout.colours :].astype(np.uint16)
    if layout.photometric == _CMYK:  # white is where there is no ink
        inks = colours if layout.alpha == _PREMULTIPLIED else (colours * alpha + 127) // 255
        return inks.astype(np.uint8)
    if layout.alpha == _PREMULTIPLIED:
        return np.minimum(colours + (255 - alpha), 255).astype(np.uint8)
    return ((colours * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)


def _mean(band: np.ndarray, down: int, right: int) -> np.ndarray:
    """Average each ``down`` x ``right`` pixels of (rows, width, channels)."""
    if down == right == 1:
        with np.errstate(over="ignore"):  # light beyond all bounds is white
            return band.astype(np.float32) if band.dtype.itemsize == 8 else band
    rows, width, channels = len(band) // down, band.shape[1] // right, band.shape[2]
    exact = np.uint32 if band.dtype == np.uint8 else np.float64
    cut = np.ascontiguousarray(band[:, : width * right])
    sums = cut.reshape(rows, down, width * right * channels).sum(axis=1, dtype=exact)
    means = sums.reshape(rows, width, right, channels).sum(axis=2) / (down * right)
    return np.rint(means).astype(np.uint8) if band.dtype == np.uint8 else means.astype(np.float32)


def _bands(file: IO[bytes], layout: TiffLayout, chunks: Chunks) -> Iterator[np.ndarray]:
    """Yield the samples of some rows of a plane, from top to bottom: (rows, width, samples)."""
    if layout.compression == _UNCOMPRESSED:
        decode = _stored
    elif layout.compression in _IMAGE_COMPRESSIONS:
        decode = _images
    else:
        decode = _decompressed
    row_of_chunks = layout.across
    if not layout.is_tiled and decode is not _images:  # many strips have a single row
        row_of_chunks = max(1, BAND_BYTES // (layout.chunk_height * layout.row_bytes))
    rows_left = layout.height
    for start in range(0, len(chunks), row_of_chunks):
        group = chunks[start : start + row_of_chunks]
        rows = layout.chunk_height
        if not layout.is_tiled:
            rows = min(rows * len(group), rows_left)
        for packed in decode(file, layout, group, rows):
            band = _unpack(packed, layout)[:rows_left]
            rows_left -= len(band)
            count, across, chunk_width, samples = band.shape
            yield band.reshape(count, across * chunk_width, samples)[:, : layout.width]
        if not rows_left:
            return


# Each of these yields the bytes of chunks that lie beside one another, or of strips below one
# another: (rows, chunks across, bytes of a row).


def _stored(file: IO[bytes], layout: TiffLayout, group: Chunks, rows: int) -> Iterator[np.ndarray]:
    row_bytes = layout.row_bytes
    step = rows if layout.is_tiled or len(group) > 1 else max(1, BAND_BYTES // row_bytes)
    for row in range(0, rows, step):
        sizes = [min(step, rows - row) * row_bytes] * len(group)
        if not layout.is_tiled and len(group) > 1:
            sizes = [layout.chunk_height * row_bytes] * (len(group) - 1)
            sizes.append(rows * row_bytes - sum(sizes))
        parts = [
            np.frombuffer(_read(file, offset + row * row_bytes, size), np.uint8)
            for (offset, _), size in zip(group, sizes, strict=True)
        ]
        if layout.is_tiled:
            packed = np.stack([part.reshape(-1, row_bytes) for part in parts], axis=1)
        else:
            packed = np.concatenate(parts).reshape(-1, 1, row_bytes)
        if layout.fill_order == _LOWEST_BIT_FIRST:
            packed = np.packbits(np.unpackbits(packed, axis=-1, bitorder="little"), axis=-1)
        yield packed


def _images(file: IO[bytes], layout: TiffLayout, group: Chunks, rows: int) -> Iterator[np.ndarray]:
    formats, mode = [_IMAGE_COMPRESSIONS[layout.compression]], _IMAGE_MODES[layout.chunk_samples]
    parts = []
    for offset, size in group:
        with Image.open(io.BytesIO(_read(file, offset, size)), formats=formats) as image:
            if image.size != (layout.chunk_width, rows):
                raise DamagedFileError
            parts.append(np.asarray(image.convert(mode)).reshape(rows, layout.row_bytes))
    yield np.stack(parts, axis=1)


def _decompressed(
    file: IO[bytes], layout: TiffLayout, group: Chunks, rows: int
) -> Iterator[np.ndarray]:
    width = layout.row_bytes * layout.across
    memory = rows * width + 4 * sum(size for _, size in group)
    if memory > STREAM_BYTES and layout.compression in _DEFLATE and len(group) == 1:
        yield from _inflated(file, layout, *group[0], rows)
        return
    if memory > CHUNK_LIMIT_BYTES:
        raise MemoryError
    from PIL.TiffImagePlugin import TiffImageFile

    content = _bytes_as_tiff(layout, [_read(file, offset, size) for offset, size in group], rows)
    step = max(1, BAND_BYTES // width)
    with TiffImageFile(io.BytesIO(content)) as image:
        for row in range(0, rows, step):
            band = np.asarray(image.crop((0, row, width, min(row + step, rows))))
            yield band.reshape(-1, layout.across, layout.row_bytes)


def _inflated(
    file: IO[bytes], layout: TiffLayout, offset: int, size: int, rows: int
) -> Iterator[np.ndarray]:
    """Decompress a strip that is too large to be held in memory."""
    inflater, end = zlib.decompressobj(), offset + size
    step = max(1, BAND_BYTES // layout.row_bytes)
    for row in range(0, rows, step):
        band = bytearray()
        wanted = min(step, rows - row) * layout.row_bytes
        while len(band) < wanted:
            compressed = inflater.unconsumed_tail
            if not compressed:
                compressed = _read(file, offset, min(BAND_BYTES, end - offset))
                offset += len(compressed)
            if not compressed or inflater.eof:
                raise OSError("truncated")
            band += inflater.decompress(compressed, wanted - len(band))
        yield np.frombuffer(band, np.uint8).reshape(-1, 1, layout.row_bytes)


def _read(file: IO[bytes], offset: int, size: int) -> bytes:
    file.seek(offset)
    content = file.read(size)
    if len(content) < size:
        raise OSError("truncated")
    return content


def _bytes_as_tiff(layout: TiffLayout, chunks: list[bytes], rows: int) -> bytes:
    """Return a TIFF of 8-bit grey pixels, which are the bytes of these chunks."""
    width = layout.row_bytes * layout.across
    offsets_tag, sizes_tag = (324, 325) if layout.is_tiled else (273, 279)
    entries = {256: [width], 257: [rows], 258: [8], 259: [layout.compression], 262: [1]}
    entries |= {266: [layout.fill_order], 277: [1]}
    if layout.is_tiled:
        entries |= {322: [layout.row_bytes], 323: [layout.chunk_height]}
    else:
        entries |= {278: [layout.chunk_height]}
    count = len(chunks)
    values_start = 8 + 2 + 12 * (len(entries) + 2) + 4
    pixels_start = values_start + (8 * count if count > 1 else 0)
    sizes = [len(chunk) for chunk in chunks]
    offsets = [pixels_start + sum_ for sum_ in np.cumsum([0, *sizes[:-1]]).tolist()]
    entries |= {offsets_tag: offsets, sizes_tag: sizes}
    table, values = b"", b""
    for tag, numbers in sorted(entries.items()):
        packed = struct.pack(f"<{len(numbers)}I", *numbers)
        if len(numbers) > 1:
            packed, values = struct.pack("<I", values_start + len(values)), values + packed
        table += struct.pack("<HHI", tag, 4, len(numbers)) + packed
    header = b"II*\0\x08\0\0\0" + struct.pack("<H", len(entries))
    return b"".join([header, table, bytes(4), values, *chunks])


def _unpack(packed: np.ndarray, layout: TiffLayout) -> np.ndarray:
    """Turn (rows, across, bytes of a row) into (rows, across, width of a chunk, samples)."""
    rows, across, _ = packed.shape
    shape = (rows, across, layout.chunk_width, layout.chunk_samples)
    count = layout.chunk_width * layout.chunk_samples
    if layout.bits < 8:
        shifts = np.arange(8 - layout.bits, -1, -layout.bits, dtype=np.uint8)
        values = packed[..., np.newaxis] >> shifts & np.uint8((1 << layout.bits) - 1)
        return values.reshape(rows, across, -1)[..., :count].reshape(shape)
    if layout.bits % 8:
        bits = np.unpackbits(packed, axis=-1, count=count * layout.bits)
        weights = (1 << np.arange(layout.bits - 1, -1, -1)).astype(np.float32)
        values = bits.reshape(-1, layout.bits).astype(np.float32) @ weights  # by BLAS: faster
        return values.astype(np.uint16).reshape(shape)
    if layout.predictor == _FLOAT_DIFFERENCES:
        sums = packed.reshape(rows, across, -1, layout.chunk_samples)
        planes = np.cumsum(sums, axis=2, dtype=np.uint8).reshape(rows, across, layout.bits // 8, -1)
        packed = np.ascontiguousarray(np.moveaxis(planes, 2, -1)).reshape(rows, across, -1)
        dtype = layout.dtype.newbyteorder(">")
    else:
        dtype = layout.dtype
    samples = packed.view(dtype).astype(dtype.newbyteorder("="), copy=False).reshape(shape)
    if layout.predictor != _DIFFERENCES:
        return samples
    whole = samples.view(f"u{dtype.itemsize}")
    return np.cumsum(whole, axis=2, dtype=whole.dtype).view(samples.dtype)
