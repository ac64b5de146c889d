"""Typed paths: what they mean, and what Tab makes of them."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from image_describer.app.dialogs.chooser.typed_path import (
    NO_WAY_ON,
    completed,
    expanded,
)

# Any characters, and bytes that are no UTF-8, as Python carries them.
SIGNS = st.characters(exclude_characters="/\0", exclude_categories=["Cs"]) | st.characters(
    min_codepoint=0xDC80, max_codepoint=0xDCFF
)
NAMES = st.text(SIGNS, min_size=1, max_size=30).filter(
    lambda name: (
        name not in (".", "..")
        and len(os.fsencode(name)) < 250
        and os.fsdecode(os.fsencode(name)) == name
    )
)


@pytest.fixture
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """~/Photos with pictures; ``PHOTOS`` names it."""
    monkeypatch.setenv("HOME", str(tmp_path))
    folder = tmp_path / "Photos"
    (folder / "Beach").mkdir(parents=True)
    monkeypatch.setenv("PHOTOS", str(folder))
    for name in ("img1.jpg", "img2.jpg", "img10.jpg", "notes.txt", ".secret.jpg", "Zoo.png"):
        (folder / name).touch()
    return folder


def test_what_typed_paths_mean(photos: Path) -> None:
    home, here = photos.parent, str(photos)
    for text, meant in (
        ("~/Photos", photos),
        ("~", home),
        ("$PHOTOS/img1.jpg", photos / "img1.jpg"),
        ("${PHOTOS}", photos),
        ("img1.jpg", photos / "img1.jpg"),
        ("..", home),
        ("Beach/../img1.jpg", photos / "img1.jpg"),
        (f'"{photos}/two words.jpg"', photos / "two words.jpg"),
        ("'img1.jpg'", photos / "img1.jpg"),
        (f"  {photos}\n", photos),
        (f"file://{photos}/a%20b.jpg", photos / "a b.jpg"),
        (f"file://localhost{photos}", photos),
        (f"FILE://{photos}", photos),
        ("//usr//lib/", Path("/usr/lib")),
        ("$NOT_THERE_AT_ALL/a", photos / "$NOT_THERE_AT_ALL" / "a"),
    ):
        assert expanded(text, here) == str(meant), text
    for nothing in ("", "  ", '""', "file://elsewhere/a.jpg", "file://[/a.jpg"):
        assert expanded(nothing, here) == ""
    stray = expanded("file:///caf%E9.jpg", here)
    assert os.fsencode(stray) == b"/caf\xe9.jpg"


def test_completion_goes_as_far_as_all_agree(photos: Path) -> None:
    here = str(photos)
    found = completed("~/Ph", here)
    assert (found.text, found.added) == ("~/Photos/", "otos/")
    assert found.spoken() == "Photos, folder"
    found = completed("~/Photos/i", here)
    assert (found.text, found.added) == ("~/Photos/img", "mg")
    assert [candidate.name for candidate in found.candidates] == [
        "img1.jpg", "img2.jpg", "img10.jpg",
    ]  # fmt: skip
    assert found.spoken() == "mg. 3 ways to go on. Down reads them."
    assert completed("~/Photos/img", here).spoken() == "3 ways to go on. Down reads them."
    assert completed("~/Photos/img2", here).text == "~/Photos/img2.jpg"
    assert completed("~/Photos/q", here).spoken() == NO_WAY_ON
    assert completed("/no/such/folder/q", here).spoken() == NO_WAY_ON
    assert completed("file://elsewhere/q", here).spoken() == NO_WAY_ON


def test_completion_of_case_hidden_names_quotes_and_addresses(photos: Path) -> None:
    here = str(photos)
    assert completed("zo", here).text == "Zoo.png"
    assert completed("BEACH", here).text == "Beach/"
    assert "notes.txt" not in {each.name for each in completed("", here).candidates}
    assert completed("n", here, all_files=True).text == "notes.txt"
    assert completed(".se", here).text == ".secret.jpg"
    assert ".secret.jpg" not in {each.name for each in completed("", here).candidates}
    assert completed("'~/Photos/B", here).text == "'~/Photos/Beach/"
    assert completed('"B', here).text == '"Beach/'
    assert completed(f"file://{here}/B", here).text == f"{here}/Beach/"
    assert completed("$PHOTOS/B", here).text == "$PHOTOS/Beach/"
    assert completed("~", here).text.startswith("~/Photos")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(name=NAMES, inner=NAMES, cut=st.integers(1, 3))
def test_what_completion_made_means_the_file_that_it_named(
    tmp_path_factory: pytest.TempPathFactory, name: str, inner: str, cut: int
) -> None:
    here = tmp_path_factory.mktemp("wild")
    (here / name).mkdir()
    file = here / name / f"{inner}.jpg"
    file.touch()
    first = completed(f"{here}/{name[:cut]}", "/")
    if len(first.candidates) != 1:
        return  # a name that begins with a dot or the like
    assert first.text == f"{here}/{name}/"
    second = completed(first.text + inner[:cut], "/", known=first.known)
    known = {**first.known, **second.known}
    assert expanded(second.text, "/", known) == str(file)
    typed_on = f"{first.text}{inner}.jpg"
    assert expanded(typed_on, "/", first.known) == os.path.normpath(file)


@given(st.text(max_size=60), st.text(max_size=20))
def test_anything_may_be_typed(text: str, here: str) -> None:
    folder = f"/{here}"
    meant = expanded(text, folder)
    assert meant == "" or os.path.isabs(meant)
    for candidate in completed(text, folder).candidates:
        assert os.path.lexists(candidate.path)
