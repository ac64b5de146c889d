"""A cold start of the whole process, compared with the same job written with Keras.

    python benchmarks/cold_start.py [--runs 5] [--python PYTHON] [PICTURE]

Both are started in turn, so that a busy minute affects both. The Keras job produces as many words
as ours did, plus the end of the sentence. PYTHON is the interpreter of an environment in which the
wheel is installed (default: this one); Keras always runs in this one.
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
WALL_TARGET = 0.25  # of Keras's wall time
MEMORY_TARGET = 1 / 3  # of Keras's peak memory
FORBIDDEN = ("tensorflow", "keras", "torch", "jax")

# Fails if one of the forbidden libraries was loaded.
PROGRAM = f"""
import sys
from image_describer.cli.main import main
status = main(["describe", "--json", "--offline", sys.argv[1]])
loaded = sorted({{name.split(".")[0] for name in sys.modules}} & set({FORBIDDEN!r}))
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
        network = check_imports(python, picture, elsewhere)
        result = compare(python, picture, options.runs, elsewhere)
    result["network"] = network
    report(result)
    print(f"Written to {measure.write('cold_start', result)}")
    return (
        0 if result["wall_ratio"] <= WALL_TARGET and result["memory_ratio"] <= MEMORY_TARGET else 1
    )


def check_imports(python: str, picture: str, cwd: str) -> str:
    """Describe once, without a network if the system allows that, and return whether it did.

    Raises RuntimeError if that fails or if TensorFlow was loaded.
    """
    isolate = ["unshare", "--net", "--map-root-user"]
    can_isolate = (
        shutil.which("unshare") and not subprocess.run([*isolate, "true"], check=False).returncode
    )
    measure.run([*(isolate if can_isolate else []), python, "-c", PROGRAM, picture], cwd)
    return "disabled in a run of its own" if can_isolate else "available"


def compare(python: str, picture: str, runs: int, cwd: str) -> dict[str, Any]:
    """Run both jobs ``runs`` times in turn, after one run each to warm the disk cache."""
    program = str(Path(python).with_name("image-describer"))
    ours = [program, "describe", "--json", "--offline", picture]
    caption = json.loads(measure.run(ours, cwd).output)["caption"]
    measure.run([sys.executable, str(BASELINE), "--prepare", cwd], cwd)
    words = str(len(caption.split()) + 1)
    keras = [sys.executable, str(BASELINE), "--words", words, cwd, picture]
    measure.run(keras, cwd)
    done: dict[str, list[measure.ProcessRun]] = {"image-describer": [], "keras": []}
    for _ in range(runs):
        done["image-describer"].append(measure.run(ours, cwd))
        done["keras"].append(measure.run(keras, cwd))
    figures = {
        name: {
            "wall_s": measure.summary([run.wall_s for run in finished]),
            "peak_mb": measure.summary([run.peak_mb for run in finished]),
        }
        for name, finished in done.items()
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
    """Our median divided by that of Keras."""
    ours, keras = (figures[name][what]["median"] for name in ("image-describer", "keras"))
    return round(ours / keras, 4)


def report(result: dict[str, Any]) -> None:
    """Print the figures."""
    print(f"{result['picture']}: {result['caption']}")
    for name in ("image-describer", "keras"):
        wall, peak = result[name]["wall_s"], result[name]["peak_mb"]
        print(
            f"{name:16} {wall['median']:6.2f} s ({wall['least']:.2f} to {wall['greatest']:.2f})"
            f"   peak {peak['median']:6.0f} MB"
        )
    for what, target in (("wall", WALL_TARGET), ("memory", MEMORY_TARGET)):
        part = result[f"{what}_ratio"]
        verdict = "met" if part <= target else "MISSED"
        print(f"{what:16} {part:.3f} of Keras; the target of {target:.3f} is {verdict}")


if __name__ == "__main__":
    sys.exit(main())
