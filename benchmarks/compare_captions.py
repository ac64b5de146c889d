"""The captions of two bundles for the same dev pictures, side by side as one picture.

    python benchmarks/compare_captions.py --data FOLDER --before BUNDLE [--after BUNDLE] \
        [--set everyday] --output FILE.jpg

The pictures are at regular intervals of the set's dev split, not selected. Also prints the captions
as a table in Markdown. The picture has photographs of the data set, so it is not for publication.
"""

import argparse
import textwrap
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont, ImageOps

from image_describer import Describer, paths
from image_describer.train.data.sets import read_sets
from image_describer.train.markdown import table

PICTURES, COLUMNS = 24, 6
WIDTH, HEIGHT, TEXT, LINE, CHARACTERS = 300, 240, 160, 18, 40  # of a cell, in pixels; of a line


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--data", type=Path, required=True, help="folder of the data sets")
    parser.add_argument("--set", default="everyday")
    parser.add_argument("--before", type=Path, required=True, help="a bundle")
    parser.add_argument("--after", type=Path, default=paths.bundle_folder(), help="another one")
    parser.add_argument("--output", type=Path, required=True)
    options = parser.parse_args()
    data = read_sets(options.data, [options.set])
    dev = data.splits["dev"]
    files = [data.path(key) for key in dev[:: max(1, len(dev) // PICTURES)][:PICTURES]]
    describers = [Describer(bundle, read_text=False) for bundle in (options.before, options.after)]
    captions = [[describer.describe(file) for describer in describers] for file in files]
    rows = -(-len(files) // COLUMNS)
    sheet = Image.new("RGB", (COLUMNS * WIDTH, rows * (HEIGHT + TEXT)), "white")
    for position, (file, both) in enumerate(zip(files, captions, strict=True)):
        row, column = divmod(position, COLUMNS)
        sheet.paste(_cell(file, both), (column * WIDTH, row * (HEIGHT + TEXT)))
    sheet.save(options.output)
    print(
        table(
            ["picture", "before", "after"],
            (
                [file.name, *(f"{d.caption} ({d.confidence:.2f})" for d in both)]
                for file, both in zip(files, captions, strict=True)
            ),
        )
    )


def _cell(file: Path, both: list) -> Image.Image:
    cell = Image.new("RGB", (WIDTH, HEIGHT + TEXT), "white")
    with Image.open(file) as picture:
        cell.paste(ImageOps.contain(picture.convert("RGB"), (WIDTH - 8, HEIGHT - 8)), (4, 4))
    draw, font, y = ImageDraw.Draw(cell), ImageFont.load_default(14), HEIGHT
    for label, colour, one in zip(("before", "after"), ("#a02020", "#106010"), both, strict=True):
        text = f"{label}, {one.confidence:.0%}: {one.caption}"
        for line in textwrap.wrap(text, CHARACTERS):
            draw.text((4, y), line, fill=colour, font=font)
            y += LINE
        y += 4
    return cell


if __name__ == "__main__":
    main()
