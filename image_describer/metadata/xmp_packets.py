"""Finds the XMP packets in a picture file, wherever its format and other programs put them."""

from collections.abc import Callable, Iterator
from typing import IO

from image_describer.metadata.containers import gif, isobmff, jpeg, png, tiff, webp

_PACKETS: dict[str, Callable[[IO[bytes]], Iterator[bytes]]] = {
    "JPEG": jpeg.xmp_packets,
    "PNG": png.xmp_packets,
    "WEBP": webp.xmp_packets,
    "GIF": gif.xmp_packets,
    "AVIF": isobmff.xmp_packets,
    "HEIC": isobmff.xmp_packets,
    "JPEG2000": isobmff.xmp_packets,
}
PACKETS_LIMIT = 8  # of a picture; most have one


def find_packets(format_name: str, file: IO[bytes], frame: int = 0) -> list[bytes]:
    """Return the packets of a picture, or of a frame of a TIFF: the main one first.

    Those of a damaged file as far as they can be read. The position of ``file`` changes. Never
    raises.
    """
    if format_name == "TIFF":
        found = tiff.xmp_packets(file, frame)
    elif format_name in _PACKETS:
        found = _PACKETS[format_name](file)
    else:
        return []
    packets: list[bytes] = []
    try:
        while len(packets) < PACKETS_LIMIT:
            packets.append(next(found))
    except (StopIteration, OSError, ValueError):
        pass
    return packets
