"""The entry point: help, usage errors, faults of the program, exit statuses."""

import ast
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

from image_describer import __version__, errors, fault_log
from image_describer.captioner.describer import Describer
from image_describer.cli import main

COMMANDS = ("describe", "match", "watch", "batch", "search", "similar", "serve", "doctor")
COMMANDS_AND_LAUNCHER = (*COMMANDS, "install-launcher")


@pytest.mark.parametrize("command", COMMANDS_AND_LAUNCHER)
def test_help_has_examples_and_exit_statuses(run, command, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    status, out, err = run(command, "--help")
    assert (status, err) == (0, [])
    text = "\n".join(out)
    assert "exit status:" in text
    assert command in ("doctor", "install-launcher") or "examples:" in text
    assert max(map(len, out)) <= 100


def test_the_first_screen_names_the_window_and_every_command(run, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    status, out, _ = run("--help")
    text = "\n".join(out[:25])
    assert status == 0
    assert "image-describer-app" in text
    assert all(f"    {command}" in text for command in COMMANDS_AND_LAUNCHER)


def test_help_of_batch_fits_on_a_screen(run, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    assert len(run("batch", "--help")[1]) <= 40


def test_help_loads_nothing_heavy():
    code = (
        "import sys; from image_describer.cli.main import main; status = main(); "
        "print(*sys.modules, file=sys.stderr); sys.exit(status)"
    )
    for command in COMMANDS_AND_LAUNCHER:
        done = subprocess.run(
            [sys.executable, "-c", code, command, "--help"], capture_output=True, text=True
        )
        assert done.returncode == 0
        heavy = {"numpy", "PIL", "sqlite3", "ai_edge_litert", "logging", "fastapi", "tkinter"}
        assert not set(done.stderr.split()) & heavy


def test_version(run):
    assert run("--version") == (0, [f"image-describer {__version__}"], [])


def test_without_a_command_the_help_is_printed(run):
    status, out, err = run()
    assert (status, out) == (2, [])
    assert "commands:" in err


@pytest.mark.parametrize(
    ("arguments", "command"),
    [
        (["descrbe", "a.jpg"], ""),
        (["--loud"], ""),
        (["describe", "--loud", "a.jpg"], " describe"),
        (["describe", "--off", "a.jpg"], " describe"),  # no abbreviations
        (["describe", "--online", "--offline", "a.jpg"], " describe"),
        (["describe"], " describe"),
        (["match", "a.jpg"], " match"),
        (["match", "--loud", "a.jpg", "a dog"], " match"),
        (["batch", "a", "--output", "b.csv", "--loud"], " batch"),
        (["batch", "a", "--output", "b.csv", "--workers", "0"], " batch"),
        (["search", "--loud", "dog"], " search"),
        (["search", "--limit", "0", "dog"], " search"),
        (["similar", "a.jpg", "b.jpg"], " similar"),
        (["serve", "--port", "many"], " serve"),
        (["serve", "now"], " serve"),
        (["doctor", "a.jpg"], " doctor"),
        (["install-launcher", "--loud"], " install-launcher"),
    ],
)
def test_a_usage_error_names_the_help_of_its_command(run, arguments, command):
    status, out, err = run(*arguments)
    assert (status, out, len(err)) == (2, [], 1)
    assert err[0].startswith(f"image-describer{command}: ")
    assert err[0].endswith(f". Try: image-describer{command} --help")
    assert ".." not in err[0]


def test_a_fault_of_the_program_is_one_sentence_and_a_traceback_in_the_log(
    describe, photo, monkeypatch, tmp_path
):
    def fail(*_: object, **_more: object) -> None:
        raise ZeroDivisionError("a\nfault")

    monkeypatch.setattr(Describer, "describe", fail)
    status, out, err = describe(photo())
    assert (status, out, len(err)) == (1, [], 1)
    assert "ZeroDivisionError" in err[0]
    log = Path(err[0].rpartition(": ")[2])
    assert log.is_relative_to(tmp_path)
    assert "Traceback" in log.read_text(encoding="utf-8")


def test_the_fault_log_does_not_grow_for_ever(own_folders, monkeypatch):
    monkeypatch.setattr(fault_log, "FILE_LIMIT_BYTES", 1_000)
    fault = ValueError("x" * 300)
    for _ in range(20):
        log = Path(fault_log.record_fault(fault).rpartition(": ")[2])
    files = sorted(log.parent.iterdir())
    assert [path.name for path in files] == ["faults.log", "faults.log.1"]
    assert sum(path.stat().st_size for path in files) < 4_000


def test_control_c_is_quiet(describe, photo, monkeypatch):
    def interrupt(*_: object, **_more: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Describer, "describe", interrupt)
    assert describe(photo()) == (130, [], [])


@pytest.mark.parametrize(
    ("sentence", "way_out", "text"),
    [
        ("It is full.", "", "It is full."),
        ("It is full.", "Delete something.", "It is full. Delete something."),
        ("It failed: no sound..", "Connect it..", "It failed: no sound. Connect it."),
        ("Wait...", "", "Wait..."),
    ],
)
def test_an_error_is_its_sentence_and_its_way_out(sentence, way_out, text):
    assert str(errors.ImageDescriberError(sentence, way_out)) == text


def test_every_error_in_the_code_starts_with_a_whole_sentence():
    """Constants only: an f-string that ends with a value is left out."""
    package = Path(inspect.getfile(main)).parents[1]
    names = {name for name in dir(errors) if name.endswith("Error")}
    checked = 0
    for path in package.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                continue
            if node.func.id not in names or not node.args:
                continue
            last = (
                node.args[0].values[-1] if isinstance(node.args[0], ast.JoinedStr) else node.args[0]
            )
            if isinstance(last, ast.Constant):
                checked += 1
                assert last.value.endswith((".", "?", "!")), (path, node.lineno, last.value)
                assert not last.value.endswith(".."), (path, node.lineno, last.value)
    assert checked > 100
