"""A batch writes its captions as alt text into copies of the pictures, or in place."""

import argparse
import dataclasses
import hashlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from image_describer import paths
from image_describer.captioner.description import Description
from image_describer.cli import main
from image_describer.cli.batch import add_alt_text_options
from image_describer.errors import AltTextError
from image_describer.imaging.notes import BLANK, NOT_A_PHOTOGRAPH
from image_describer.library import alt_text_writer
from image_describer.library.alt_text_writer import AltTextOutcome
from image_describer.library.record import Record
from image_describer.metadata import alt_text
from image_describer.reading.text import PictureText, TextLine
from tests.support.exiftool import ALT_TEXT, edit, read_tag
from tests.support.pictures import encoded, photograph

TEXT = "A brown dog runs through the grass."
JPEG = encoded(photograph(64, 48), "JPEG")


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.jpg"
    path.write_bytes(JPEG)
    return path


def options_of(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_alt_text_options(parser)
    return parser.parse_args(["--write-alt-text", *arguments])


def record_of(
    file: Path, confidence: float = 0.8, notes: tuple[str, ...] = (), alt_text: str | None = None
) -> Record:
    key = hashlib.sha256(file.read_bytes()).hexdigest()
    caption = "a brown dog runs through the grass"
    description = Description(caption, confidence, notes=notes, alt_text=alt_text)
    return Record(str(file), key, description)


def test_copies_keep_the_tree_of_the_folder_beside_it(tmp_path: Path) -> None:
    root = tmp_path / "Holiday"
    (root / "beach").mkdir(parents=True)
    file = root / "beach" / "a.jpg"
    file.write_bytes(JPEG)
    done = record_of(file)
    result = alt_text_writer.write_alt_text(done, options_of(), [root])
    target = tmp_path / "Holiday with alt text" / "beach" / "a.jpg"
    assert (result.outcome, result.target) == (AltTextOutcome.WRITTEN, target)
    assert read_tag(target) == TEXT
    assert alt_text_writer.write_alt_text(done, options_of(), [root]).outcome is AltTextOutcome.SAME
    own = tmp_path / "own"
    result = alt_text_writer.write_alt_text(done, options_of("--copies", str(own)), [root])
    assert result.target == own / "beach" / "a.jpg"


def test_writing_in_place_again_changes_nothing(photo: Path) -> None:
    done = record_of(photo)
    chosen = options_of("--in-place")
    assert (
        alt_text_writer.write_alt_text(done, chosen, [photo.parent]).outcome
        is AltTextOutcome.WRITTEN
    )
    assert (
        alt_text_writer.write_alt_text(done, chosen, [photo.parent]).outcome is AltTextOutcome.SAME
    )
    assert len(list(photo.parent.iterdir())) == 2


@pytest.mark.parametrize("arguments", [("--in-place",), ("--copies", "{copies}")])
def test_the_caption_of_another_model_replaces_ours(
    photo: Path, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    before = photo.read_bytes()
    chosen = options_of(
        *(argument.format(copies=tmp_path.parent / "newer copies") for argument in arguments)
    )
    assert (
        alt_text_writer.write_alt_text(record_of(photo), chosen, [photo.parent]).outcome
        is AltTextOutcome.WRITTEN
    )
    newer = dataclasses.replace(
        record_of(photo), description=Description("a dog lies on a bed", 0.8)
    )
    result = alt_text_writer.write_alt_text(newer, chosen, [photo.parent])
    assert result.outcome is AltTextOutcome.WRITTEN
    assert result.target is not None
    assert read_tag(result.target) == "A dog lies on a bed."
    if "--in-place" in arguments:
        assert photo.with_name("photo.jpg_original").read_bytes() == before


def test_folders_of_the_same_name_have_copies_of_their_own() -> None:
    roots = [Path("/a/x"), Path("/b/x"), Path("/c/y"), Path("/d/one.jpg")]
    targets = [
        alt_text_writer.target_path(Path(file), Path("/copies"), roots).as_posix()
        for file in ("/a/x/1.jpg", "/b/x/1.jpg", "/c/y/z/1.jpg", "/d/one.jpg")
    ]
    assert targets == [
        "/copies/x/1.jpg",
        "/copies/x-2/1.jpg",
        "/copies/y/z/1.jpg",
        "/copies/one.jpg",
    ]


@pytest.mark.parametrize(
    ("confidence", "notes", "arguments", "kind"),
    [
        (0.39, (), (), AltTextOutcome.UNSURE),
        (float("nan"), (), (), AltTextOutcome.UNSURE),
        (0.39, (), ("--unsure",), AltTextOutcome.WRITTEN),
        (0.4, ("The picture is blurred.",), (), AltTextOutcome.WRITTEN),
        (0.9, (NOT_A_PHOTOGRAPH,), ("--unsure",), AltTextOutcome.NO_PHOTOGRAPH),
        (0.9, (BLANK,), ("--unsure",), AltTextOutcome.NO_PHOTOGRAPH),
    ],
)
def test_captions_that_are_likely_wrong_are_not_written(
    photo: Path,
    confidence: float,
    notes: tuple[str, ...],
    arguments: tuple[str, ...],
    kind: AltTextOutcome,
) -> None:
    result = alt_text_writer.write_alt_text(
        record_of(photo, confidence, notes), options_of("--in-place", *arguments), [photo.parent]
    )
    assert result.outcome is kind
    assert alt_text.read(photo) == (TEXT if kind is AltTextOutcome.WRITTEN else None)


def test_no_invented_scene_is_written_for_a_page(photo: Path) -> None:
    done = record_of(photo)
    line = TextLine("Dear Ann", (0.0, 0.0, 1.0, 0.1), 0.9)
    description = dataclasses.replace(done.description, text=PictureText((line,), is_page=True))
    page = dataclasses.replace(done, description=description)
    result = alt_text_writer.write_alt_text(page, options_of("--in-place"), [photo.parent])
    assert result.outcome is AltTextOutcome.NO_PHOTOGRAPH


def test_a_picture_with_its_authors_text_is_copied_unchanged(photo: Path) -> None:
    edit(photo, f"-{ALT_TEXT}=Rex")
    done = record_of(photo, 0.1, (NOT_A_PHOTOGRAPH,), alt_text="Rex")
    copies = photo.parent.parent / "copies"
    result = alt_text_writer.write_alt_text(
        done, options_of("--copies", str(copies)), [photo.parent]
    )
    assert result.outcome is AltTextOutcome.AUTHOR
    assert (copies / "photo.jpg").read_bytes() == photo.read_bytes()
    replaced = options_of("--copies", str(copies), "--replace")
    assert (
        alt_text_writer.write_alt_text(done, replaced, [photo.parent]).outcome
        is AltTextOutcome.NO_PHOTOGRAPH
    )


def test_the_summary_says_what_was_not_written(photo: Path) -> None:
    gif = photo.with_name("animation.gif")
    gif.write_bytes(encoded(photograph(64, 48), "GIF"))
    writer = alt_text_writer.AltTextWriter(
        options_of("--copies", str(photo.parent.parent / "out")), [photo.parent]
    )
    for record in (Record(str(photo), "", error="It is broken."), record_of(photo), record_of(gif)):
        writer.write(record)
    lines = writer.summary()
    assert lines[:3] == [
        "Alt text: 1 written.",
        "Alt text: 1 left out: not described.",
        "Alt text: 1 not written.",
    ]
    assert str(gif) in lines[3]
    assert "GIF" in lines[3]
    assert writer.failed


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--in-place", "--copies", "x"), "makes no copies"),
        (("--copies", "{root}/copies"), "among the pictures"),
        (("--copies", "{root}/photo.jpg"), "is not a folder"),
    ],
)
def test_options_that_contradict_each_other_are_refused(
    photo: Path, arguments: tuple[str, ...], message: str
) -> None:
    given = options_of(*(argument.format(root=photo.parent) for argument in arguments))
    with pytest.raises(AltTextError, match=message):
        alt_text_writer.check(given, [photo.parent])


def test_options_without_write_alt_text_are_refused() -> None:
    parser = argparse.ArgumentParser()
    add_alt_text_options(parser)
    alt_text_writer.check(parser.parse_args([]), [])
    with pytest.raises(AltTextError, match="needs --write-alt-text"):
        alt_text_writer.check(parser.parse_args(["--in-place"]), [])


def test_a_few_sure_words_in_the_picture_are_added() -> None:
    def alt_text(*lines: TextLine) -> str:
        return alt_text_writer.alt_text_of(Description("a sign", 0.8, text=PictureText(lines)))

    box = (0.0, 0.0, 1.0, 0.1)
    assert alt_text(TextLine("Exit", box, 0.95)) == "A sign. It says: Exit."
    assert alt_text(TextLine("Exlt", box, 0.6)) == "A sign."
    assert alt_text(TextLine("word " * 9, box, 0.95)) == "A sign."
    assert alt_text() == "A sign."


@given(st.text(max_size=60))
def test_the_text_is_a_sentence_without_hedge_notes_or_author(caption: str) -> None:
    text = alt_text_writer.alt_text_of(
        Description(caption, 0.1, notes=("The picture is dark.",), alt_text="Rex")
    )
    assert text == "" or text.endswith(".")
    added = text.lower().replace(caption.strip().rstrip(".").lower(), "")
    assert not any(word in added for word in ("probably", "wrong", "rex", "dark", "can't tell"))


def test_a_batch_writes_alt_text_once(
    tiny_bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "Holiday"
    (folder / "beach").mkdir(parents=True)
    (folder / "beach" / "a.jpg").write_bytes(
        (paths.assets_folder() / "samples/cat.jpg").read_bytes()
    )
    (folder / "b.gif").write_bytes(encoded(photograph(64, 48), "GIF"))
    command = [
        *("batch", str(folder), "--output", str(tmp_path / "out.jsonl"), "--no-index"),
        *("--workers", "1", "--bundle", str(tiny_bundle), "--write-alt-text", "--unsure"),
    ]
    main.main(command)
    messages = capsys.readouterr().err
    target = tmp_path / "Holiday with alt text" / "beach" / "a.jpg"
    assert "Alt text: 1 written." in messages
    line = json.loads((tmp_path / "out.jsonl").read_text().splitlines()[-1])
    assert read_tag(target).lower() == line["caption"] + "."
    status = target.stat()
    main.main(command)
    assert "Alt text: 1 already there." in capsys.readouterr().err
    assert target.stat().st_ino == status.st_ino
    main.main([*command, "--in-place"])
    main.main([*command, "--in-place"])
    assert "Alt text: 1 already there." in capsys.readouterr().err
    record = json.loads((tmp_path / "out.jsonl").read_text().splitlines()[-1])
    assert record["key"] == hashlib.sha256((folder / "beach" / "a.jpg").read_bytes()).hexdigest()
    assert main.main([*command, "--in-place", "--copies", str(tmp_path)]) == 2
    assert "--in-place makes no copies." in capsys.readouterr().err


def test_describe_says_the_authors_alt_text(
    tiny_bundle: Path, photo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(photo, f"-{ALT_TEXT}=a dog named Rex")
    assert main.main(["describe", "--bundle", str(tiny_bundle), str(photo)]) == 0
    assert capsys.readouterr().out.startswith("Its author says: a dog named Rex. ")
    assert main.main(["describe", "--json", "--bundle", str(tiny_bundle), str(photo)]) == 0
    assert json.loads(capsys.readouterr().out)["alt_text"] == "a dog named Rex"
