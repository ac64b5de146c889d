"""Typed paths: what they mean, and how they are completed."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from image_describer.app.dialogs.chooser.typed_path import NO_COMPLETION, complete, expand

# Any characters, and undecodable bytes as Python represents them.
CHARS = st.characters(exclude_characters="/\0", exclude_categories=["Cs"]) | st.characters(
    min_codepoint=0xDC80, max_codepoint=0xDCFF
)
NAMES = st.text(CHARS, min_size=1, max_size=30).filter(
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


def test_typed_paths_are_expanded(photos: Path) -> None:
    home, here = photos.parent, str(photos)
    for text, expected in (
        ("~/Photos", photos),
        ("$PHOTOS/img1.jpg", photos / "img1.jpg"),
        ("img1.jpg", photos / "img1.jpg"),
        ("..", home),
        ("Beach/../img1.jpg", photos / "img1.jpg"),
        (f'"{photos}/two words.jpg"', photos / "two words.jpg"),
        ("'img1.jpg'", photos / "img1.jpg"),
        (f"  {photos}\n", photos),
        (f"file://{photos}/a%20b.jpg", photos / "a b.jpg"),
        (f"file://localhost{photos}", photos),
        ("//usr//lib/", Path("/usr/lib")),
        ("$NOT_THERE_AT_ALL/a", photos / "$NOT_THERE_AT_ALL" / "a"),
    ):
        assert expand(text, here) == str(expected), text
    for nothing in ("", "  ", '""', "file://elsewhere/a.jpg", "file://[/a.jpg"):
        assert expand(nothing, here) == ""
    undecodable = expand("file:///caf%E9.jpg", here)
    assert os.fsencode(undecodable) == b"/caf\xe9.jpg"


def test_completion_adds_what_all_candidates_share(photos: Path) -> None:
    here = str(photos)
    found = complete("~/Ph", here)
    assert (found.text, found.added) == ("~/Photos/", "otos/")
    assert found.spoken() == "Photos, folder"
    found = complete("~/Photos/i", here)
    assert (found.text, found.added) == ("~/Photos/img", "mg")
    assert [candidate.name for candidate in found.candidates] == [
        "img1.jpg", "img2.jpg", "img10.jpg",
    ]  # fmt: skip
    assert found.spoken() == "mg. 3 matches. Down reads them."
    assert complete("~/Photos/img", here).spoken() == "3 matches. Down reads them."
    assert complete("~/Photos/img2", here).text == "~/Photos/img2.jpg"
    assert complete("~/Photos/q", here).spoken() == NO_COMPLETION
    assert complete("/no/such/folder/q", here).spoken() == NO_COMPLETION
    assert complete("file://elsewhere/q", here).spoken() == NO_COMPLETION


def test_completion_of_case_hidden_names_quotes_urls_and_variables(photos: Path) -> None:
    here = str(photos)
    assert complete("zo", here).text == "Zoo.png"
    assert complete("BEACH", here).text == "Beach/"
    assert "notes.txt" not in {candidate.name for candidate in complete("", here).candidates}
    assert complete("n", here, all_files=True).text == "notes.txt"
    assert complete(".se", here).text == ".secret.jpg"
    assert ".secret.jpg" not in {candidate.name for candidate in complete("", here).candidates}
    assert complete("'~/Photos/B", here).text == "'~/Photos/Beach/"
    assert complete('"B', here).text == '"Beach/'
    assert complete(f"file://{here}/B", here).text == f"{here}/Beach/"
    assert complete("$PHOTOS/B", here).text == "$PHOTOS/Beach/"
    assert complete("~", here).text.startswith("~/Photos")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(name=NAMES, inner=NAMES, cut=st.integers(1, 3))
def test_a_completed_text_means_the_file_that_it_named(
    tmp_path_factory: pytest.TempPathFactory, name: str, inner: str, cut: int
) -> None:
    here = tmp_path_factory.mktemp("names")
    (here / name).mkdir()
    file = here / name / f"{inner}.jpg"
    file.touch()
    first = complete(f"{here}/{name[:cut]}", "/")
    if len(first.candidates) != 1:
        return  # for example a hidden name
    assert first.text == f"{here}/{name}/"
    second = complete(first.text + inner[:cut], "/", known=first.known)
    known = {**first.known, **second.known}
    assert expand(second.text, "/", known) == str(file)
    typed = f"{first.text}{inner}.jpg"
    assert expand(typed, "/", first.known) == os.path.normpath(file)


@given(st.text(max_size=60), st.text(max_size=20))
def test_any_text_is_expanded_to_nothing_or_an_absolute_path(text: str, here: str) -> None:
    folder = f"/{here}"
    path = expand(text, folder)
    assert path == "" or os.path.isabs(path)
    for candidate in complete(text, folder).candidates:
        assert os.path.lexists(candidate.path)
