"""A folder of hostile files: a batch reports each of them, loses nothing and never hangs."""

import collections
import json
import os
import stat
import subprocess
import sys

from image_describer.library import scan
from image_describer.paths import assets_folder
from image_describer.text import encodable
from tests.support import hostile
from tests.support.unprivileged import drop_root_access

RUN = "import sys; from image_describer.cli.main import main; sys.exit(main())"
FILES = 300


def test_a_batch_over_hostile_files(tmp_path, shipped_bundle):
    tree, output = tmp_path / "tree", tmp_path / "out.jsonl"
    fine = (assets_folder() / "samples" / "cat.jpg").read_bytes()
    pictures, locked = hostile.make(tree, FILES, valid=fine)
    environment = {
        **os.environ,
        **{name: str(tmp_path / "home") for name in ("HOME", "XDG_DATA_HOME", "LOCALAPPDATA")},
        "IMAGE_DESCRIBER_BUNDLE": str(shipped_bundle),
    }
    process = subprocess.run(
        [sys.executable, "-c", RUN, "batch", str(tree), "--output", str(output)],
        capture_output=True,
        text=True,
        env=environment,
        timeout=280,
        preexec_fn=drop_root_access if hostile.ON_LINUX else None,
    )
    for path in (tree / "traps").glob("*"):  # or pytest can't clean up
        if not path.is_symlink() and stat.S_IMODE(path.lstat().st_mode) == 0:
            path.chmod(0o700)
    assert process.returncode == 2, process.stderr
    assert "Traceback" not in process.stderr
    lines = [json.loads(line) for line in output.read_text("utf-8").splitlines()]
    assert len(lines) == pictures + locked
    assert max(collections.Counter(line["file"] for line in lines).values()) == 1
    reported = {line["file"] for line in lines}
    inside = str(tree / "traps" / "locked" / "inside.jpg")  # visible to root
    assert reported - {str(tree / "traps" / "locked")} == {
        encodable(found.file) for found in scan.pictures([tree]) if found.file != inside
    }
    assert all(bool(line["error"]) != bool(line["caption"]) for line in lines)
    assert str(tree / "traps" / "locked") in reported
    broken = [line for line in lines if line["error"]]
    assert all("\n" not in line["error"] and "\x1b" not in line["error"] for line in broken)
    assert sum("ended by itself" in line["error"] for line in broken) == 0
    by_name = {os.path.basename(line["file"]): line for line in lines}
    assert "not allowed" in by_name["secret.jpg"]["error"]
    assert "device or a pipe" in by_name["pipe.jpg"]["error"]
    assert "device or a pipe" in by_name["zero.jpg"]["error"]
    assert "device or a pipe" in by_name["socket.jpg"]["error"]
    assert "No such file" in by_name["gone.jpg"]["error"]
    assert by_name["8.jpg"]["caption"] == by_name["28.jpg"]["caption"] != ""
    # Each is also listed at the end, on its own line.
    assert process.stderr.count("\n  ") == len(broken)
