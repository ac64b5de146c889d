"""The doctor: it tries everything, says what it found in one line each, and judges the whole."""

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
    """A stand-in for Google's service, so that no test asks the real one."""
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


def examined(bundle: Path, offline: bool = False) -> dict[str, CheckResult]:
    reports = list(doctor.examine(bundle, offline))
    names = [report.name for report in reports]
    assert len(set(names)) == len(names)
    return {report.name: report for report in reports}


def working(*names: str) -> list[CheckResult]:
    everything = (doctor.MODEL, doctor.PICTURE, ESPEAK, GTTS, doctor.SOUND)
    return [CheckResult(name, name in names, "") for name in everything]


@pytest.mark.parametrize(
    ("names", "status"),
    [
        ((doctor.MODEL, doctor.PICTURE, ESPEAK, doctor.SOUND), doctor.HEARD),
        ((doctor.MODEL, doctor.PICTURE, GTTS, doctor.SOUND), doctor.HEARD),
        ((doctor.MODEL, doctor.PICTURE, doctor.SOUND), doctor.SILENT),
        ((doctor.MODEL, doctor.PICTURE, ESPEAK, GTTS), doctor.SILENT),
        ((doctor.MODEL, ESPEAK, doctor.SOUND), doctor.BLIND),
        ((doctor.PICTURE, ESPEAK, doctor.SOUND), doctor.BLIND),
        ((), doctor.BLIND),
    ],
)
def test_the_verdict(names, status):
    assert doctor.judge(working(*names)) == status


def test_every_verdict_has_a_sentence():
    assert set(doctor.VERDICTS) == {doctor.HEARD, doctor.SILENT, doctor.BLIND}


def test_a_line_says_what_to_do_only_where_something_is_wrong():
    way_out = "Mend it."
    assert doctor.line(CheckResult("a", True, "Fine.", way_out)) == "a: works. Fine."
    assert (
        doctor.line(CheckResult("a", False, "Bad.", way_out)) == "a: does not work. Bad. Mend it."
    )
    optional = doctor.line(CheckResult("a", False, "Bad.", way_out, needed=False))
    assert optional == "a: does not work, and is not needed. Bad. Mend it."


def test_everything_that_the_issue_names_is_tried(tiny_bundle, google):
    reports = examined(tiny_bundle)
    assert {
        *(doctor.MODEL, doctor.PICTURE, ESPEAK, GTTS, doctor.SOUND),
        *("playsound3", "display", "network"),
    } == set(reports)
    for name in (doctor.MODEL, doctor.PICTURE, ESPEAK, GTTS, "network"):
        assert reports[name].works, reports[name]
    assert google.heads == 1
    assert google.bodies == []  # asking is no reason to have something spoken


def test_what_does_not_work_says_what_to_do(broken_bundle, no_sound_card, monkeypatch):
    monkeypatch.delenv("DISPLAY", raising=False)
    with gtts_service.closed_port() as nowhere:
        monkeypatch.setenv("IMAGE_DESCRIBER_GTTS_ADDRESS", nowhere)
        reports = examined(broken_bundle)
    assert "decoder.tflite" in reports[doctor.MODEL].sentence
    for name in (doctor.MODEL, doctor.SOUND, "network", "display"):
        assert not reports[name].works
        assert reports[name].sentence
        assert reports[name].way_out, name
    assert reports[doctor.PICTURE].sentence == "Not tried: it needs the model."
    assert not reports[GTTS].works


def test_offline_asks_nobody(tiny_bundle, google):
    reports = examined(tiny_bundle, offline=True)
    assert (google.heads, google.bodies) == (0, [])
    assert not reports["network"].works
    assert not reports["network"].needed


def test_a_part_that_breaks_is_reported_and_the_rest_goes_on(tiny_bundle, monkeypatch):
    def fail() -> list[CheckResult]:
        raise ZeroDivisionError("in the player")

    monkeypatch.setattr(doctor, "player_reports", fail)
    reports = examined(tiny_bundle, offline=True)
    assert reports["players"].sentence == "It failed with ZeroDivisionError: in the player."
    assert reports[doctor.MODEL].works
    assert "display" in reports
    assert doctor.judge(reports.values()) == doctor.SILENT


def test_a_manifest_with_odd_text_stays_on_one_line(tiny_bundle, tmp_path):
    folder = tmp_path / "odd"
    shutil.copytree(tiny_bundle, folder)
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    manifest["name"] = "two\nlines\x1b[31m"
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    model = examined(folder, offline=True)[doctor.MODEL]
    assert model.works
    assert doctor.line(model).isprintable()


def test_a_display_that_hangs_is_given_up(tiny_bundle, monkeypatch):
    monkeypatch.setattr(doctor, "WINDOW_PROBE", "import time; time.sleep(60)")
    monkeypatch.setattr(doctor, "WINDOW_LIMIT_S", 0.5)
    display = examined(tiny_bundle, offline=True)["display"]
    assert not display.works
    assert "did not answer" in display.sentence


def test_missing_tkinter_is_told_from_a_missing_display(tiny_bundle, monkeypatch):
    monkeypatch.setattr(
        doctor, "WINDOW_PROBE", "raise ModuleNotFoundError(\"No module named 'tkinter'\")"
    )
    display = examined(tiny_bundle, offline=True)["display"]
    assert "tkinter is missing" in display.sentence
    assert "describe --speak works without" in display.way_out


@pytest.mark.gui
def test_a_display_that_is_there_works(tiny_bundle, screen):
    assert examined(tiny_bundle, offline=True)["display"].works


@pytest.mark.sound
def test_all_is_well_with_a_sound_output(tiny_bundle, null_sink, capsys):
    with null_sink.recording() as heard:
        status = main.main(["doctor", "--offline", "--bundle", str(tiny_bundle)])
    lines = capsys.readouterr().out.splitlines()
    assert (status, lines[-1]) == (0, doctor.VERDICTS[doctor.HEARD])
    assert heard[0].span_s == 0, "the doctor is not to be heard"


def test_no_sound_card_is_status_1(tiny_bundle, no_sound_card, capsys):
    assert main.main(["doctor", "--offline", "--bundle", str(tiny_bundle)]) == 1
    printed = capsys.readouterr()
    assert printed.err == ""
    assert printed.out.splitlines()[-1] == doctor.VERDICTS[doctor.SILENT]
    assert "\nsound output: does not work. " in printed.out


def test_no_model_is_status_2(broken_bundle, capsys):
    assert main.main(["doctor", "--offline", "--bundle", str(broken_bundle)]) == 2
    assert capsys.readouterr().out.splitlines()[-1] == doctor.VERDICTS[doctor.BLIND]
