"""``doctor``: it tries everything, prints one line per check, and gives a verdict."""

import json
import shutil
from pathlib import Path

import pytest

from image_describer.cli import doctor, main
from image_describer.speech.self_test import CheckResult
from tests.support import gtts_service

ESPEAK, GTTS = "voice espeak", "voice gtts"


@pytest.fixture(autouse=True)
def google(monkeypatch):
    """A stand-in for Google's service, so that no test uses the real one."""
    with gtts_service.service() as server:
        monkeypatch.setenv("IMAGE_DESCRIBER_GTTS_ADDRESS", server.address)
        yield server


@pytest.fixture
def broken_bundle(tiny_bundle: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "bundle"
    shutil.copytree(tiny_bundle, folder)
    with (folder / "decoder.tflite").open("ab") as file:
        file.write(b"x")
    return folder


def check(bundle: Path, offline: bool = False) -> dict[str, CheckResult]:
    results = list(doctor.check_all(bundle, offline))
    names = [result.name for result in results]
    assert len(set(names)) == len(names)
    return {result.name: result for result in results}


def results_of(*names: str) -> list[CheckResult]:
    everything = (doctor.MODEL, doctor.PICTURE, ESPEAK, GTTS, doctor.SOUND)
    return [CheckResult(name, name in names, "") for name in everything]


@pytest.mark.parametrize(
    ("names", "status"),
    [
        ((doctor.MODEL, doctor.PICTURE, ESPEAK, doctor.SOUND), doctor.HEARD),
        ((doctor.MODEL, doctor.PICTURE, GTTS, doctor.SOUND), doctor.HEARD),
        ((doctor.MODEL, doctor.PICTURE, doctor.SOUND), doctor.SILENT),
        ((doctor.MODEL, doctor.PICTURE, ESPEAK, GTTS), doctor.SILENT),
        ((doctor.MODEL, ESPEAK, doctor.SOUND), doctor.NO_DESCRIPTION),
        ((doctor.PICTURE, ESPEAK, doctor.SOUND), doctor.NO_DESCRIPTION),
        ((), doctor.NO_DESCRIPTION),
    ],
)
def test_the_verdict(names, status):
    assert doctor.judge(results_of(*names)) == status


def test_every_verdict_has_a_sentence():
    assert set(doctor.VERDICTS) == {doctor.HEARD, doctor.SILENT, doctor.NO_DESCRIPTION}


def test_a_line_names_a_way_out_only_for_what_does_not_work():
    way_out = "Fix it."
    assert doctor.line(CheckResult("a", True, "Fine.", way_out)) == "a: works. Fine."
    assert doctor.line(CheckResult("a", False, "Bad.", way_out)) == "a: does not work. Bad. Fix it."
    optional = doctor.line(CheckResult("a", False, "Bad.", way_out, needed=False))
    assert optional == "a: does not work (optional). Bad. Fix it."


def test_everything_is_tried(tiny_bundle, google):
    results = check(tiny_bundle)
    assert {
        *(doctor.MODEL, doctor.PICTURE, ESPEAK, GTTS, doctor.SOUND),
        *("playsound3", "display", "network", "screen reader"),
    } == set(results)
    for name in (doctor.MODEL, doctor.PICTURE, ESPEAK, GTTS, "network"):
        assert results[name].works, results[name]
    assert google.heads == 1
    assert google.bodies == []  # nothing was spoken


def test_a_failed_check_names_a_way_out(broken_bundle, no_sound_card, monkeypatch):
    monkeypatch.delenv("DISPLAY", raising=False)
    with gtts_service.closed_port() as nowhere:
        monkeypatch.setenv("IMAGE_DESCRIBER_GTTS_ADDRESS", nowhere)
        results = check(broken_bundle)
    assert "decoder.tflite" in results[doctor.MODEL].sentence
    for name in (doctor.MODEL, doctor.SOUND, "network", "display"):
        assert not results[name].works
        assert results[name].sentence
        assert results[name].way_out, name
    assert doctor.line(results[doctor.PICTURE]) == "description: not tried. It needs the model."
    assert not results[GTTS].works


def test_offline_does_not_use_the_network(tiny_bundle, google):
    results = check(tiny_bundle, offline=True)
    assert (google.heads, google.bodies) == (0, [])
    assert doctor.line(results["network"]) == "network: not tried. You chose to stay offline."
    assert doctor.line(results[GTTS]) == "voice gtts: not tried. You chose to stay offline."


def test_a_check_that_raises_is_reported_and_the_others_run(tiny_bundle, monkeypatch):
    def fail() -> list[CheckResult]:
        raise ZeroDivisionError("in the player")

    monkeypatch.setattr("image_describer.speech.self_test.check_players", fail)
    results = check(tiny_bundle, offline=True)
    assert results["players"].sentence == "The check failed: ZeroDivisionError: in the player."
    assert results[doctor.MODEL].works
    assert "display" in results
    assert doctor.judge(results.values()) == doctor.SILENT


def test_control_characters_in_a_manifest_are_escaped(tiny_bundle, tmp_path):
    folder = tmp_path / "odd"
    shutil.copytree(tiny_bundle, folder)
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    manifest["name"] = "two\nlines\x1b[31m"
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    model = check(folder, offline=True)[doctor.MODEL]
    assert model.works
    assert doctor.line(model).isprintable()


def test_a_display_that_hangs(tiny_bundle, monkeypatch):
    monkeypatch.setattr(doctor, "WINDOW_PROBE", "import time; time.sleep(60)")
    monkeypatch.setattr(doctor, "WINDOW_LIMIT_S", 0.5)
    display = check(tiny_bundle, offline=True)["display"]
    assert not display.works
    assert "did not answer" in display.sentence


def test_a_missing_tkinter(tiny_bundle, monkeypatch):
    monkeypatch.setattr(
        doctor, "WINDOW_PROBE", "raise ModuleNotFoundError(\"No module named 'tkinter'\")"
    )
    display = check(tiny_bundle, offline=True)["display"]
    assert "tkinter is missing" in display.sentence
    assert "describe --speak works without it" in display.way_out


@pytest.mark.gui
def test_a_working_display(tiny_bundle, screen):
    assert check(tiny_bundle, offline=True)["display"].works


@pytest.mark.sound
def test_all_is_well_with_a_sound_output(tiny_bundle, null_sink, capsys):
    with null_sink.recording() as heard:
        status = main.main(["doctor", "--offline", "--bundle", str(tiny_bundle)])
    lines = capsys.readouterr().out.splitlines()
    assert (status, lines[-1]) == (0, doctor.VERDICTS[doctor.HEARD])
    assert heard[0].span_s == 0


def test_no_sound_card_is_status_1(tiny_bundle, no_sound_card, capsys):
    assert main.main(["doctor", "--offline", "--bundle", str(tiny_bundle)]) == 1
    printed = capsys.readouterr()
    assert printed.err == ""
    assert printed.out.splitlines()[-1] == doctor.VERDICTS[doctor.SILENT]
    assert "\nsound output: does not work. " in printed.out


def test_no_model_is_status_2(broken_bundle, capsys):
    assert main.main(["doctor", "--offline", "--bundle", str(broken_bundle)]) == 2
    assert capsys.readouterr().out.splitlines()[-1] == doctor.VERDICTS[doctor.NO_DESCRIPTION]
