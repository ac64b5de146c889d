"""How soon a part is known when somebody explores a picture, in milliseconds.

    python benchmarks/explore_speed.py [--moves 40] [--bundle FOLDER] [PICTURE]

- cold: parts that nobody has asked for, one after the other.
- under way: a part that is asked for while others are worked out ahead, the worst that can happen.
- ahead: parts that a walk over the picture comes to, half a second after one another, as fast as
  somebody might listen: they should have been worked out.
"""

import argparse
import statistics
import sys
import threading
import time
from pathlib import Path
from typing import Any

import measure

from image_describer import Describer
from image_describer.captioner import runtime
from image_describer.captioner.explore import GRID, GridCursor, PartDescriber
from image_describer.imaging.open import Picture, open_picture

GOAL_MS = 100.0  # a key that answers later feels slow
PAUSE_S = 0.5
WARM_UP_RUNS = 3
# Over all nine parts and into one of them and out again; repeated as often as is asked for.
STEPS = ((-1, -1), (1, 0), (1, 0), (0, 1), "in", (1, 0), (0, 1), "out", (0, 1), (-1, 0), (-1, 0))


def timed(parts: PartDescriber, box: Any) -> float:
    began = time.perf_counter()
    parts.describe(box)
    return 1000 * (time.perf_counter() - began)


def strips(count: int) -> list[Any]:
    """As many parts of about a ninth, none twice."""
    step = (1 - 1 / GRID) / count
    return [(n * step, n * step, n * step + 1 / GRID, n * step + 1 / GRID) for n in range(count)]


def under_way(describer: Describer, picture: Picture, count: int) -> list[float]:
    """Each in a PartDescriber of its own, as soon as that works ahead."""
    found = []
    for box in strips(count):
        parts = PartDescriber(describer.describe, picture.pixels)
        ahead = GridCursor(picture.width, picture.height).likely_next()
        helper = threading.Thread(target=parts.describe_ahead, args=(ahead, lambda: True))
        helper.start()
        time.sleep(0.001)
        found.append(timed(parts, box))
        parts.close()
        helper.join()
    return found


def walked(describer: Describer, picture: Picture, moves: int) -> list[float]:
    parts = PartDescriber(describer.describe, picture.pixels)
    walk = GridCursor(picture.width, picture.height)
    found = []
    helper: threading.Thread | None = None
    for move in range(moves):
        step = STEPS[move % len(STEPS)]
        if step == "in":
            moved = walk.zoom_in()
        elif step == "out":
            moved = walk.zoom_out()
        else:
            moved = walk.move(*step)
        if not moved:
            continue
        found.append(timed(parts, walk.box))
        if helper is not None:
            helper.join()
        helper = threading.Thread(target=parts.describe_ahead, args=(walk.likely_next(), lambda: True))
        helper.start()
        time.sleep(PAUSE_S)
    return found[1:]  # nothing was worked out ahead of the first one


def measured(options: argparse.Namespace) -> dict[str, Any]:
    describer = Describer(bundle=options.bundle)
    picture = open_picture(options.picture)
    for _ in range(WARM_UP_RUNS):
        describer.describe(picture)
    cold = PartDescriber(describer.describe, picture.pixels)
    times = {
        "cold": [timed(cold, box) for box in strips(options.moves)],
        "under way": under_way(describer, picture, options.moves),
        "ahead": walked(describer, picture, options.moves),
    }
    return {
        "machine": measure.machine(),
        "picture": options.picture.name,
        "pixels": [picture.width, picture.height],
        "threads": runtime.default_threads(),
        "ms": {name: measure.summary(values) for name, values in times.items()},
        "within goal": {
            name: round(statistics.fmean(value <= GOAL_MS for value in values), 4)
            for name, values in times.items()
        },
        "goal ms": GOAL_MS,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description="Time the parts of a picture.")
    parser.add_argument("picture", nargs="?", type=Path, default=measure.SAMPLE)
    parser.add_argument("--moves", type=int, default=40)
    parser.add_argument("--bundle", type=Path)
    result = measured(parser.parse_args())
    for name, figures in result["ms"].items():
        within = 100 * result["within goal"][name]
        print(
            f"{name:10} {figures['median']:8.2f} ms (at most {figures['greatest']:.2f}); "
            f"{within:.0f} % within {GOAL_MS:.0f} ms"
        )
    print(f"Written to {measure.write('explore_speed', result)}")
    return 0 if result["within goal"]["ahead"] == 1.0 else 1


if __name__ == "__main__":
    sys.exit(main())
