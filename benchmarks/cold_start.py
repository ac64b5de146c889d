"""The whole process, from the shell's point of view: ours against the same job with Keras.

    python benchmarks/cold_start.py [--runs 5] [--python PYTHON] [PICTURE]

Both are started in turn, A B A B, so that a busy minute hits both. The Keras job says as many
words as ours did, plus the one that ends the sentence. PYTHON is the interpreter of an environment
where the wheel is installed (default: this one); Keras always runs in this one.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

import measure

BASELINE = measure.HERE / "keras_baseline.py"
WALL_GOAL = 0.25  # of Keras's wall time
MEMORY_GOAL = 1 / 3  # of Keras's peak memory
BARRED = ("tensorflow", "keras", "torch", "jax")

# Runs the command in a process that then tells which of the barred libraries it has loaded.
TELL_TALE = f"""
import sys
from image_describer.cli.main import main
status = main(["describe", "--json", "--offline", sys.argv[1]])
loaded = sorted({{name.split(".")[0] for name in sys.modules}} & set({BARRED!r}))
print(*loaded, sep=",", file=sys.stderr)
sys.exit(status or bool(loaded))
"""


def main() -> int:
    parser = argparse.ArgumentParser(description="Time a cold start against Keras.")
    parser.add_argument("picture", nargs="?", type=Path, default=measure.SAMPLE)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--python", type=Path, default=Path(sys.executable))
    options = parser.parse_args()
    picture = str(options.picture.resolve())
    python = str(options.python.absolute())  # not resolved: a venv's python is a link
    with tempfile.TemporaryDirectory() as elsewhere:
        network = check_nothing_barred(python, picture, elsewhere)
        result = compare(python, picture, options.runs, elsewhere)
    result["network"] = network
    report(result)
    print(f"Written to {measure.write('cold_start', result)}")
    return 0 if result["wall_ratio"] <= WALL_GOAL and result["memory_ratio"] <= MEMORY_GOAL else 1


def check_nothing_barred(python: str, picture: str, cwd: str) -> str:
    """Describe once, with the network cut where the system lets us; says whether it was.

    Raises RuntimeError when that fails or when TensorFlow was loaded for it.
    """
    cut = ["unshare", "--net", "--map-root-user"]
    can_cut = shutil.which("unshare") and not subprocess.run([*cut, "true"], check=False).returncode
    measure.run([*(cut if can_cut else []), python, "-c", TELL_TALE, picture], cwd)
    return "cut in a run of its own" if can_cut else "left as it is"


def compare(python: str, picture: str, runs: int, cwd: str) -> dict[str, Any]:
    """Both jobs, ``runs`` times in turn, after one run of each that only warms the disk's cache."""
    program = str(Path(python).with_name("image-describer"))
    ours = [program, "describe", "--json", "--offline", picture]
    caption = json.loads(measure.run(ours, cwd).output)["caption"]
    measure.run([sys.executable, str(BASELINE), "--prepare", cwd], cwd)
    words = str(len(caption.split()) + 1)
    keras = [sys.executable, str(BASELINE), "--words", words, cwd, picture]
    measure.run(keras, cwd)
    done: dict[str, list[measure.Run]] = {"image-describer": [], "keras": []}
    for _ in range(runs):
        done["image-describer"].append(measure.run(ours, cwd))
        done["keras"].append(measure.run(keras, cwd))
    figures = {
        name: {
            "wall_s": measure.summary([run.wall_s for run in each]),
            "peak_mb": measure.summary([run.peak_mb for run in each]),
        }
        for name, each in done.items()
    }
    return {
        "machine": measure.machine(),
        "versions": {
            name: version(name) for name in ("image-describer", "ai-edge-litert", "keras")
        },
        "picture": Path(picture).name,
        "caption": caption,
        "keras_words": int(words),
        "runs": runs,
        **figures,
        "wall_ratio": ratio(figures, "wall_s"),
        "memory_ratio": ratio(figures, "peak_mb"),
    }


def ratio(figures: dict[str, dict[str, dict[str, float]]], what: str) -> float:
    """Our median as a part of Keras's."""
    ours, keras = (figures[name][what]["median"] for name in ("image-describer", "keras"))
    return round(ours / keras, 4)


def report(result: dict[str, Any]) -> None:
    """The figures for people."""
    print(f"{result['picture']}: {result['caption']}")
    for name in ("image-describer", "keras"):
        wall, peak = result[name]["wall_s"], result[name]["peak_mb"]
        print(
            f"{name:16} {wall['median']:6.2f} s ({wall['least']:.2f} to {wall['greatest']:.2f})"
            f"   peak {peak['median']:6.0f} MB"
        )
    for what, goal in (("wall", WALL_GOAL), ("memory", MEMORY_GOAL)):
        part = result[f"{what}_ratio"]
        verdict = "met" if part <= goal else "MISSED"
        print(f"{what:16} {part:.3f} of Keras's; the goal of {goal:.3f} is {verdict}")


if __name__ == "__main__":
    sys.exit(main())
