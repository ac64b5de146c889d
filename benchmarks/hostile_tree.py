"""Ten thousand hostile files in a tree: truncated, damaged, renamed, circles, pipes, bombs.

    python benchmarks/hostile_tree.py [--files 10000] [--workers N]

A batch over them has to tell of every picture once, fine or with its reason, of folders that may
not be read, and of nothing else; no process may end by itself and memory has to stay flat.
"""

import argparse
import collections
import json
import os
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import measure
from batch import CLI, Memory

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from image_describer.library import scan
from image_describer.text import encodable
from tests.support import hostile
from tests.support.unprivileged import drop_root_access


def measured(files: int, workers: int | None) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as place:
        tree, output = Path(place) / "tree", Path(place) / "out.jsonl"
        pictures, locked = hostile.make(tree, files, valid=measure.SAMPLE.read_bytes())
        command = [sys.executable, "-c", CLI, "batch", str(tree), "--output", str(output)]
        command += ["--workers", str(workers)] if workers else []
        environment = {**os.environ, "XDG_DATA_HOME": place, "LOCALAPPDATA": place}
        began = time.perf_counter()
        with (Path(place) / "told").open("wb") as told:
            process = subprocess.Popen(
                command, stderr=told, env=environment, preexec_fn=drop_root_access
            )
            memory = Memory(process.pid)
            memory.start()
            status = process.wait()
        took = time.perf_counter() - began
        flat = memory.stop()
        lines = [json.loads(line) for line in output.read_text("utf-8").splitlines()]
        for path in (tree / "traps").iterdir():
            if not path.is_symlink() and stat.S_IMODE(path.lstat().st_mode) == 0:
                path.chmod(0o700)
        inside = str(tree / "traps" / "locked" / "inside.jpg")
        wanted = {encodable(one.file) for one in scan.pictures([tree]) if one.file != inside}
        wanted.add(str(tree / "traps" / "locked"))
        said = [line["file"] for line in lines]
        reasons = collections.Counter(_kind(line["error"]) for line in lines if line["error"])
        return {
            "machine": measure.machine(),
            "files": files,
            "to_be_told": pictures + locked,
            "told": len(lines),
            "each_once": len(said) == len(set(said)) == pictures + locked,
            "the_right_ones": set(said) == wanted,
            "described": sum(bool(line["caption"]) for line in lines),
            "broken": sum(bool(line["error"]) for line in lines),
            "processes_lost": reasons.get("The process", 0),
            "commonest_reasons": dict(reasons.most_common(12)),
            "status": status,
            "wall_s": round(took, 1),
            **flat,
        }


def _kind(error: str) -> str:
    """A reason without the numbers and names in it."""
    if error.startswith("The process that looked"):
        return "The process"
    said = error.split(": ", 1)[-1] if error.startswith("That file") else error
    return " ".join(word for word in said.split()[:5] if not any(c in word for c in '0123456789"/'))


def main() -> int:
    parser = argparse.ArgumentParser(description="Describe a tree of hostile files.")
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--workers", type=int)
    options = parser.parse_args()
    result = measured(options.files, options.workers)
    print(json.dumps(result, indent=2))
    print(f"Written to {measure.write('hostile_tree', result)}")
    fine = result["each_once"] and result["the_right_ones"] and not result["processes_lost"]
    return 0 if fine and result["status"] == 2 else 1


if __name__ == "__main__":
    sys.exit(main())
