"""Silencing what libraries print: nested, in threads, and for a whole process."""

import os
import subprocess
import sys
import threading
import warnings

import pytest

from image_describer import stdio


def write_to_stderr(text: bytes) -> None:
    """Write as a C library does, without sys.stderr."""
    os.write(2, text)


def test_stderr_is_silenced_and_restored(capfd: pytest.CaptureFixture[str]) -> None:
    with stdio.stderr_silenced():
        write_to_stderr(b"dropped")
    write_to_stderr(b"shown")
    assert capfd.readouterr().err == "shown"


def test_nested_and_overlapping_blocks_restore_stderr_once(
    capfd: pytest.CaptureFixture[str],
) -> None:
    entered, leave = threading.Event(), threading.Event()

    def overlap() -> None:
        with stdio.stderr_silenced():
            entered.set()
            leave.wait(60)

    thread = threading.Thread(target=overlap)
    with stdio.stderr_silenced():
        with stdio.stderr_silenced():
            thread.start()
            assert entered.wait(60)
        write_to_stderr(b"dropped")
    write_to_stderr(b"dropped: the thread is still in its block")
    leave.set()
    thread.join()
    write_to_stderr(b"shown")
    assert capfd.readouterr().err == "shown"


@pytest.mark.parametrize(
    ("call", "stdout", "stderr"),
    [("silence_output()", "", ""), ("discard_stdout()", "", "error")],
)
def test_output_of_a_process(call: str, stdout: str, stderr: str) -> None:
    code = (
        f"import os; from image_describer import stdio; stdio.{call}\n"
        "os.write(1, b'output'); os.write(2, b'error')"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (run.stdout, run.stderr) == (stdout, stderr)


@pytest.mark.parametrize(
    "statement", ["with stdio.stderr_silenced(): pass", "stdio.silence_output()"]
)
def test_closed_descriptors_are_accepted(statement: str) -> None:
    code = f"import os; from image_describer import stdio\nos.close(1); os.close(2)\n{statement}"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_pillow_s_warnings_are_ignored() -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        stdio.silence_pillow()
        warnings.warn_explicit("odd metadata", UserWarning, "x.py", 1, module="PIL.Image")
        warnings.warn_explicit("shown", UserWarning, "x.py", 1, module="other")
    assert [str(warning.message) for warning in caught] == ["shown"]
