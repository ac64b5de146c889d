"""Pictures a second that training can load: decoded, cropped and changed in color, 299 x 299.

    python benchmarks/train_input.py --data FOLDER [--threads 1 2 4]

Prints, for each number of threads, pictures a second and the processor time of a picture. A GPU
that trains at 800 pictures a second is kept busy if the processor time is below the number of cores
divided by 800 pictures a second, and the rate grows with the threads.
"""

import argparse
import time
from pathlib import Path

import numpy as np

from image_describer.train.data.augment import Views
from image_describer.train.data.sets import read_sets
from image_describer.train.features.loaders import PixelLoader

SIZE, BATCH = 299, 64


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--data", type=Path, required=True, help="Flickr8k, or a folder with it")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--pictures", type=int, default=1024)
    options = parser.parse_args()
    data = read_sets(options.data, ["flickr8k"])
    keys = data.splits["train"][: options.pictures]
    views = Views(crops=1000, grayscale=0.4)
    for threads in options.threads:
        load = PixelLoader(data, SIZE, views, threads)
        load(keys[:BATCH], np.arange(1, BATCH + 1))  # starts the threads, warms the file cache
        began, used = time.monotonic(), time.process_time()
        for start in range(0, len(keys), BATCH):
            some = keys[start : start + BATCH]
            load(some, np.arange(start, start + len(some)) % 999 + 1)
        seconds, cpu = time.monotonic() - began, time.process_time() - used
        print(
            f"{threads} threads: {len(keys) / seconds:.0f} pictures/s, "
            f"{1000 * cpu / len(keys):.2f} ms of processor time for a picture"
        )


if __name__ == "__main__":
    main()
