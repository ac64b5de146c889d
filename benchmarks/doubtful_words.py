"""How well the confidence of a word tells that it was misread, for `reading.text.DOUBTFUL_WORD`.

    python benchmarks/doubtful_words.py [--every 3]

Draws every third picture of the set of read_text.py, with the fonts that are named there, and reads
it. A word counts as misread if the picture has none like it left. For each threshold: how many
words are below, how many of them were misread, and what share of the misread words that is.
"""

import argparse
from collections import Counter

from reading import pictures
from reading.score import normalise

from image_describer.imaging.open import open_picture
from image_describer.reading.reader import TextReader

THRESHOLDS = (0.7, 0.8, 0.85, 0.9, 0.95, 0.97, 0.99)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--every", type=int, default=3, help="read one of so many (default: 3)")
    every = parser.parse_args().every
    reader = TextReader()
    read: list[tuple[float, bool]] = []  # confidence of a word, and whether it was misread
    for drawn in list(pictures.DRAWN.values())[::every]:
        image, truth = drawn.draw()
        left = Counter(normalise(truth).split())
        for line in reader.read(open_picture(image.convert("RGB")).pixels).lines:
            for word in line.words:
                parts = Counter(normalise(word.text).split())
                read.append((word.confidence, not parts <= left))
                left -= parts
        print(f"{drawn.name}: {len(read)} words so far", flush=True)
    misread = sum(wrong for _confidence, wrong in read)
    print(f"{len(read)} words, {misread} misread")
    for threshold in THRESHOLDS:
        below = [wrong for confidence, wrong in read if confidence < threshold]
        share = sum(below) / max(1, misread)
        print(f"below {threshold}: {len(below)}, misread {sum(below)}, of all misread {share:.0%}")


if __name__ == "__main__":
    main()
