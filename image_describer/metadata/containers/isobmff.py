"""Files of the ISO base media format: AVIF and HEIC."""

from typing import IO

BOXES_LIMIT = 1_000  # at the outermost level; a file has about three


def is_truncated(file: IO[bytes], size: int) -> bool:
    """Return whether a file of ``size`` bytes is shorter than its boxes say."""
    end = 0
    for _ in range(BOXES_LIMIT):
        if end >= size:
            break
        file.seek(end)
        head = file.read(16)
        length = int.from_bytes(head[:4], "big")
        if length == 1:  # the length follows in eight bytes
            length = int.from_bytes(head[8:16], "big")
        if length < 8:  # 0: to the end of the file
            return False
        end += length
    return end > size
