"""Alt text in files: put into copies and in place, read back by exiftool, nothing else changed."""

import argparse
import atexit
import contextlib
import dataclasses
import hashlib
import io
import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from image_describer import paths
from image_describer.captioner.description import Description
from image_describer.cli import main
from image_describer.cli.batch import add_alt_text_options
from image_describer.errors import AltTextError
from image_describer.imaging.notes import BLANK, NOT_A_PHOTOGRAPH
from image_describer.imaging.open import open_picture
from image_describer.library import alt_text_writer
from image_describer.library.alt_text_writer import AltTextOutcome
from image_describer.library.record import Record
from image_describer.metadata import alt_text, xmp
from image_describer.metadata.alt_text import WriteResult
from image_describer.metadata.containers.file_parts import split_file
from image_describer.text import one_line
from tests.support import tiny

TEXT = "A brown dog runs through the grass."
NEWER = "A dog lies on a bed."
PROPERTY = "XMP-iptcCore:AltTextAccessibility"
MARK = "XMP-imagedescriber:AltTextMade"
SIZE = (64, 48)


def noise(mode: str = "RGB", seed: int = 0) -> Image.Image:
    pixels = np.random.default_rng(seed).integers(0, 255, (SIZE[1], SIZE[0], 3), dtype=np.uint8)
    return Image.fromarray(pixels).convert(mode)


def saved(format_name: str, mode: str = "RGB", pages: int = 1, **settings: object) -> bytes:
    buffer = io.BytesIO()
    if pages > 1:
        others = [noise(mode, seed) for seed in range(1, pages)]
        settings |= {"save_all": True, "append_images": others}
    noise(mode).save(buffer, format_name, **settings)
    return buffer.getvalue()


# name -> file's suffix, content
PICTURES = {
    "jpeg": (".jpg", saved("JPEG")),
    "progressive": (".jpg", saved("JPEG", progressive=True)),
    "cmyk": (".jpg", saved("JPEG", "CMYK")),
    "grey": (".jpg", saved("JPEG", "L")),
    "several pictures": (".jpg", saved("MPO", pages=3)),
    "with a film behind": (".jpg", saved("JPEG") + b"ftyp film" * 999),
    "png": (".png", saved("PNG")),
    "palette": (".png", saved("PNG", "P")),
    "animated png": (".png", saved("PNG", pages=3, duration=90)),
    "webp": (".webp", saved("WEBP")),
    "lossless webp": (".webp", saved("WEBP", lossless=True)),
    "transparent webp": (".webp", saved("WEBP", "RGBA", lossless=True)),
    "animated webp": (".webp", saved("WEBP", pages=3, duration=90)),
    "tiff": (".tif", saved("TIFF")),
    "big-endian tiff": (".tif", saved("TIFF", "I;16B")),
    "packed tiff": (".tif", saved("TIFF", compression="tiff_lzw")),
    "three pages": (".tif", saved("TIFF", pages=3)),
}


@pytest.fixture(params=PICTURES)
def picture(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    suffix, content = PICTURES[request.param]
    path = tmp_path / f"a picture{suffix}"
    path.write_bytes(content)
    return path


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.jpg"
    path.write_bytes(PICTURES["jpeg"][1])
    return path


@cache
def _exiftool() -> subprocess.Popen[str]:
    """One process for all that is asked: Perl takes a while to start."""
    command = ["exiftool", "-stay_open", "True", "-@", "-"]
    pipe = subprocess.PIPE
    process = subprocess.Popen(
        command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, encoding="utf-8"
    )
    atexit.register(process.communicate, "-stay_open\nFalse\n")
    return process


def exiftool(*arguments: object) -> str:
    process = _exiftool()
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("\n".join([*map(str, arguments), "-execute", ""]))
    process.stdin.flush()
    lines = []
    while (line := process.stdout.readline()) != "{ready}\n":
        assert line, "exiftool has ended"
        lines.append(line)
    return "".join(lines)


def by_exiftool(path: Path, tag: str = PROPERTY) -> str:
    return exiftool("-s3", f"-{tag}", path).removesuffix("\n")


def everything(path: Path) -> dict[str, object]:
    """All that exiftool finds in a file, but its name, its size and where things lie in it."""
    found = json.loads(exiftool("-j", "-G1:4", "-a", "-u", "-U", "-b", path))[0]
    outside = ("SourceFile", "ExifTool", "System", "File:")
    return {
        key: value
        for key, value in found.items()
        if not key.startswith(outside) and not key.endswith(("Start", "Offset", "Offsets"))
    }


def pixels(content: bytes) -> list[str]:
    """A hash of the decoded pixels of each frame, and of how long each is shown."""
    image = Image.open(io.BytesIO(content))
    hashes = []
    for number in range(getattr(image, "n_frames", 1)):
        image.seek(number)
        shown = (
            image.tobytes() + repr((image.mode, image.size, image.info.get("duration"))).encode()
        )
        hashes.append(hashlib.sha256(shown).hexdigest())
    return hashes


def fill_with_metadata(path: Path) -> None:
    """Give a picture much of what cameras and programs put into one."""
    folder = path.parent
    profile = folder / "profile.icc"
    profile.write_bytes(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    thumbnail = folder / "thumbnail.jpg"
    noise().resize((16, 12)).save(thumbnail)
    arguments = [
        *("-EXIF:Artist=Ann Ä", "-EXIF:DateTimeOriginal=2020:01:02 03:04:05", "-Orientation#=1"),
        *("-GPSLatitude=48.1", "-GPSLatitudeRef=N", "-XMP-dc:Title-de=Titel", "-XMP-dc:Title=One"),
        *("-XMP-iptcCore:ExtDescrAccessibility=long", "-XMP-lr:HierarchicalSubject=a|b"),
        *("-XMP-GPano:ProjectionType=equirectangular", f"-ICC_Profile<={profile}"),
        "-XMP-mwg-rs:RegionInfo={RegionList=[{Area={X=0.5,Y=0.5,W=0.1,H=0.1},Name=Ann}]}",
    ]
    if path.suffix == ".jpg":
        arguments += ["-IPTC:Caption-Abstract=Hello", "-IPTC:Keywords=a", "-IPTC:Keywords=b"]
        arguments += [f"-ThumbnailImage<={thumbnail}", "-Comment=hi"]
    if path.suffix == ".png":
        arguments += ["-PNG:Comment=hi there", "-PNG:Author=Zoë"]
    exiftool("-m", "-overwrite_original", *arguments, path)


def test_only_the_alt_text_is_new_in_a_bare_picture(picture: Path, tmp_path: Path) -> None:
    goal = tmp_path / "copies" / "deep" / picture.name
    before = picture.read_bytes()
    assert alt_text.write(picture, goal, TEXT) is WriteResult.WRITTEN
    assert picture.read_bytes() == before
    assert pixels(goal.read_bytes()) == pixels(before)
    assert by_exiftool(goal) == TEXT
    assert by_exiftool(goal, f"{PROPERTY}-en") == TEXT
    assert alt_text.read(goal) == TEXT
    assert list(goal.parent.iterdir()) == [goal]


def test_all_other_metadata_stays(picture: Path, tmp_path: Path) -> None:
    fill_with_metadata(picture)
    exiftool("-m", "-overwrite_original", f"-{PROPERTY}-de=Ein Hund", picture)
    goal = tmp_path / "copies" / picture.name
    before = everything(picture)
    assert len(before) > 20
    assert alt_text.write(picture, goal, TEXT, replace=True) is WriteResult.WRITTEN
    after = everything(goal)
    assert after.pop(f"{PROPERTY}") == TEXT
    assert after.pop(f"{PROPERTY}-en") == TEXT
    assert after.pop(f"{PROPERTY}-de") == "Ein Hund"
    assert after.pop(MARK) == xmp.text_digest(TEXT)
    before.pop(f"{PROPERTY}-de")
    assert after == before
    assert pixels(goal.read_bytes()) == pixels(picture.read_bytes())
    format_name = {".jpg": "JPEG", ".png": "PNG", ".webp": "WEBP", ".tif": "TIFF"}[picture.suffix]
    old, new = (split_file(path.read_bytes(), format_name) for path in (picture, goal))
    assert new.rest == old.rest


def test_what_exiftool_writes_is_read(picture: Path) -> None:
    exiftool("-m", "-overwrite_original", f"-{PROPERTY}=A dog & <Rex>", picture)
    assert alt_text.read(picture) == "A dog &"  # markup is not read out
    assert alt_text.write(picture, picture.with_name("goal"), TEXT) is WriteResult.AUTHOR
    if picture.name.endswith(("jpg", "png", "webp")):
        assert open_picture(str(picture)).alt_text == "A dog &"


def test_again_changes_nothing(picture: Path) -> None:
    goal = picture.with_name("goal")
    alt_text.write(picture, goal, TEXT)
    status = goal.stat()
    assert alt_text.write(picture, goal, TEXT) is WriteResult.SAME
    assert alt_text.write(picture, goal, TEXT, replace=True) is WriteResult.SAME
    assert (goal.stat().st_ino, goal.stat().st_mtime_ns) == (status.st_ino, status.st_mtime_ns)


TEXTS = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=200)


@settings(deadline=None, max_examples=100)
@given(TEXTS, st.sampled_from(sorted(PICTURES)))
def test_any_text_comes_back(
    tmp_path_factory: pytest.TempPathFactory, text: str, name: str
) -> None:
    suffix, content = PICTURES[name]
    folder = tmp_path_factory.mktemp("any")
    source, goal = folder / f"a{suffix}", folder / f"b{suffix}"
    source.write_bytes(content)
    line = one_line(text)
    if not line:
        with pytest.raises(AltTextError, match="empty"):
            alt_text.write(source, goal, text)
        assert not goal.exists()
        return
    assert alt_text.write(source, goal, text) is WriteResult.WRITTEN
    format_name = Image.open(source).format
    packet = split_file(goal.read_bytes(), "JPEG" if format_name == "MPO" else format_name).packet
    assert xmp.alternatives(packet) == {"x-default": line, "en": line}


def test_exiftool_reads_what_is_hard_to_write(photo: Path) -> None:
    goal = photo.with_name("goal.jpg")
    text = 'lang="de" <b>A & B</b> &amp; \u00e9 \u5199\u771f \U0001f415 ]]> \'"'
    alt_text.write(photo, goal, text)
    assert by_exiftool(goal) == text
    # Python's own words for languages and lines may not slip in, either.
    assert by_exiftool(goal, f"{PROPERTY}-de") == ""


def test_a_human_text_is_left_unless_it_shall_be_replaced(photo: Path) -> None:
    exiftool("-overwrite_original", f"-{PROPERTY}-fr=Rex", photo)
    goal = photo.with_name("goal.jpg")
    assert alt_text.write(photo, goal, TEXT) is WriteResult.AUTHOR
    assert goal.read_bytes() == photo.read_bytes()
    assert alt_text.write_in_place(photo, TEXT) == (WriteResult.AUTHOR, None)
    assert alt_text.write(photo, goal, TEXT, replace=True) is WriteResult.WRITTEN
    assert by_exiftool(goal) == TEXT
    assert by_exiftool(goal, f"{PROPERTY}-fr") == "Rex"


def test_a_text_that_a_human_put_into_the_copy_is_left(photo: Path) -> None:
    goal = photo.with_name("goal.jpg")
    alt_text.write(photo, goal, TEXT)
    exiftool("-overwrite_original", f"-{PROPERTY}=Rex", f"-{PROPERTY}-en=Rex", goal)
    assert alt_text.write(photo, goal, TEXT) is WriteResult.AUTHOR
    assert alt_text.read(goal) == "Rex"


def validated(path: Path) -> str:
    return exiftool("-validate", "-warning", "-a", path)


def test_our_own_text_is_no_authors_and_gives_way_to_a_newer_one(picture: Path) -> None:
    goal, latest = picture.with_name("goal"), picture.with_name("latest")
    fill_with_metadata(picture)
    alt_text.write(picture, goal, TEXT)
    assert by_exiftool(goal, MARK) == xmp.text_digest(TEXT)
    assert validated(goal) == validated(picture)
    assert open_picture(str(goal)).alt_text is None
    assert alt_text.write(goal, latest, NEWER) is WriteResult.WRITTEN
    assert (by_exiftool(latest), by_exiftool(latest, f"{PROPERTY}-en")) == (NEWER, NEWER)
    assert by_exiftool(latest, MARK) == xmp.text_digest(NEWER)
    assert validated(latest) == validated(picture)
    assert open_picture(str(latest)).alt_text is None
    assert pixels(latest.read_bytes()) == pixels(picture.read_bytes())
    assert alt_text.write(picture, goal, NEWER) is WriteResult.WRITTEN  # a copy that is there
    assert goal.read_bytes() == latest.read_bytes()
    assert alt_text.write(picture, goal, NEWER) is WriteResult.SAME


@pytest.mark.parametrize("tags", [(PROPERTY,), (f"{PROPERTY}-en",), (PROPERTY, f"{PROPERTY}-en")])
def test_who_edits_our_text_is_its_author(photo: Path, tags: tuple[str, ...]) -> None:
    alt_text.write_in_place(photo, TEXT)
    exiftool("-overwrite_original", *(f"-{tag}=Rex runs." for tag in tags), photo)
    assert open_picture(str(photo)).alt_text == "Rex runs."
    assert alt_text.write_in_place(photo, NEWER) == (WriteResult.AUTHOR, None)
    alt_text.write_in_place(photo, NEWER, replace=True)
    assert open_picture(str(photo)).alt_text is None


def test_an_authors_text_in_another_language_stays_beside_ours(photo: Path) -> None:
    alt_text.write_in_place(photo, TEXT)
    exiftool("-overwrite_original", f"-{PROPERTY}-de=Rex", photo)
    assert open_picture(str(photo)).alt_text == "Rex"
    assert alt_text.write_in_place(photo, NEWER) == (WriteResult.AUTHOR, None)
    alt_text.write_in_place(photo, NEWER, replace=True)
    assert by_exiftool(photo) == NEWER
    assert open_picture(str(photo)).alt_text == "Rex"


def test_no_text_of_ours_is_left_under_another_language(photo: Path) -> None:
    alt_text.write_in_place(photo, TEXT, language="en-GB")
    assert alt_text.write_in_place(photo, NEWER)[0] is WriteResult.WRITTEN
    assert by_exiftool(photo, f"{PROPERTY}-en-GB") == ""
    assert open_picture(str(photo)).alt_text is None


def test_the_mark_outlives_other_programs(photo: Path) -> None:
    alt_text.write_in_place(photo, TEXT)
    exiftool("-overwrite_original", "-XMP-dc:Title=One", "-EXIF:Artist=Ann", photo)
    assert by_exiftool(photo, "XMP-dc:Title") == "One"
    assert open_picture(str(photo)).alt_text is None
    assert alt_text.write_in_place(photo, NEWER)[0] is WriteResult.WRITTEN
    assert exiftool("-a", "-s", f"-{MARK}", photo).count("AltTextMade") == 1


@pytest.mark.parametrize("quote", ['"', "'"])
def test_a_mark_in_short_form_is_replaced(tmp_path: Path, quote: str) -> None:
    """So Adobe's programs write all that is no more than a value."""
    attribute = f"b:AltTextMade={quote}{xmp.text_digest(TEXT)}{quote}"
    packet = (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><r:RDF '
        'xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><r:Description r:about="" '
        f'xmlns:b="{xmp.DIGEST_NAMESPACE}" xmlns:c="c:" {attribute} c:d="e">'
        f'<a:AltTextAccessibility xmlns:a="{xmp.NAMESPACE}"><r:Alt>'
        f'<r:li xml:lang="x-default">{TEXT}</r:li></r:Alt></a:AltTextAccessibility>'
        "</r:Description></r:RDF></x:xmpmeta>"
    )
    source, goal = tmp_path / "a.png", tmp_path / "b.png"
    noise().save(source, pnginfo=_xmp(packet.encode()))
    assert open_picture(str(source)).alt_text is None
    assert alt_text.write(source, goal, NEWER) is WriteResult.WRITTEN
    new = split_file(goal.read_bytes(), "PNG").packet
    assert new is not None
    assert new.count(b"AltTextMade=") == 0
    assert b'xmlns:c="c:" c:d="e">' in new
    assert by_exiftool(goal, "AltTextMade") == xmp.text_digest(NEWER)
    assert open_picture(str(goal)).alt_text is None


def test_what_the_author_says_later_is_not_covered_by_our_words(photo: Path) -> None:
    goal = photo.with_name("goal.jpg")
    alt_text.write(photo, goal, TEXT)
    exiftool("-overwrite_original", f"-{PROPERTY}=Rex", photo)
    before = goal.read_bytes()
    assert alt_text.write(photo, goal, NEWER) is WriteResult.AUTHOR
    assert goal.read_bytes() == before


def test_in_place_keeps_the_original_beside(photo: Path) -> None:
    photo.chmod(0o640)
    os.utime(photo, (1_000_000_000, 1_000_000_000))
    before = photo.read_bytes()
    result, backup = alt_text.write_in_place(photo, TEXT)
    assert result is WriteResult.WRITTEN
    assert backup == photo.with_name("photo.jpg_original")
    assert backup.read_bytes() == before
    assert backup.stat().st_mtime == 1_000_000_000
    assert photo.stat().st_mode & 0o777 == 0o640
    assert photo.stat().st_mtime > 1_000_000_000
    assert by_exiftool(photo) == TEXT
    assert alt_text.write_in_place(photo, TEXT) == (WriteResult.SAME, None)
    changed = photo.read_bytes()
    result, second = alt_text.write_in_place(photo, "Rex.", replace=True)
    assert second == photo.with_name("photo.jpg_original-2")
    assert (second.read_bytes(), backup.read_bytes()) == (changed, before)


def test_a_file_system_without_hard_links_gets_a_backup_too(
    photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    before = photo.read_bytes()
    _, backup = alt_text.write_in_place(photo, TEXT)
    assert backup is not None
    assert backup.read_bytes() == before
    _, second = alt_text.write_in_place(photo, "Rex.", replace=True)
    assert second == photo.with_name("photo.jpg_original-2")
    assert len(list(photo.parent.iterdir())) == 3


def test_a_copy_has_time_and_permissions_of_its_source(photo: Path) -> None:
    photo.chmod(0o444)
    os.utime(photo, (1_000_000_000, 1_000_000_000))
    goal = photo.with_name("goal.jpg")
    alt_text.write(photo, goal, TEXT)
    assert goal.stat().st_mtime == 1_000_000_000
    assert goal.stat().st_mode & 0o777 == 0o444
    with pytest.raises(AltTextError, match="write-protected"):
        alt_text.write_in_place(photo, TEXT)
    assert sorted(path.name for path in photo.parent.iterdir()) == ["goal.jpg", "photo.jpg"]


def test_links(photo: Path) -> None:
    link = photo.with_name("link.jpg")
    link.symlink_to(photo)
    with pytest.raises(AltTextError, match="is a link"):
        alt_text.write_in_place(link, TEXT)
    goal = photo.with_name("goal.jpg")
    alt_text.write(link, goal, TEXT)
    assert goal.is_file()
    assert not goal.is_symlink()
    with pytest.raises(AltTextError, match="Something else"):
        alt_text.write(photo, link, TEXT)
    with pytest.raises(AltTextError, match="Something else"):
        alt_text.write(photo, photo, TEXT)
    twin = photo.with_name("twin.jpg")
    os.link(photo, twin)
    before = twin.read_bytes()
    alt_text.write_in_place(photo, TEXT)
    assert twin.read_bytes() == before


def test_another_picture_is_never_written_over(photo: Path) -> None:
    goal = photo.with_name("goal.jpg")
    for content in (saved("JPEG", "L"), b"my diary", b""):
        goal.write_bytes(content)
        with pytest.raises(AltTextError, match="Another picture is called"):
            alt_text.write(photo, goal, TEXT, replace=True)
        assert goal.read_bytes() == content


def test_a_wrong_suffix_does_not_matter(tmp_path: Path) -> None:
    source, goal = tmp_path / "a.jpg", tmp_path / "b.jpg"
    source.write_bytes(PICTURES["png"][1])
    assert alt_text.write(source, goal, TEXT) is WriteResult.WRITTEN
    assert alt_text.read(goal) == TEXT


@pytest.mark.parametrize("format_name", ["GIF", "BMP", "AVIF", "PPM", "BIGTIFF"])
def test_other_formats_are_refused(tmp_path: Path, format_name: str) -> None:
    big = format_name == "BIGTIFF"
    content = saved("TIFF", big_tiff=True) if big else saved(format_name)
    source = tmp_path / "a"
    source.write_bytes(content)
    with pytest.raises(AltTextError, match="only into JPEG") as caught:
        alt_text.write(source, tmp_path / "b", TEXT)
    assert ("BigTIFF" if big else format_name) in str(caught.value)
    assert alt_text.read(source) is None
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_text_beside_the_picture_or_none_is_no_picture(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("words, words")
    with pytest.raises(AltTextError, match="into text"):
        alt_text.write(tmp_path / "a.txt", tmp_path / "b", TEXT)
    with pytest.raises(AltTextError, match="No such file"):
        alt_text.write(tmp_path / "gone", tmp_path / "b", TEXT)
    with pytest.raises(AltTextError, match="it is not a file"):
        alt_text.write(tmp_path, tmp_path / "b", TEXT)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(AltTextError, match="it is not a file"):
        alt_text.read(tmp_path / "pipe")


@settings(deadline=None, max_examples=300)
@given(st.data())
def test_damaged_files_end_in_a_sentence(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    suffix, content = PICTURES[data.draw(st.sampled_from(sorted(PICTURES)))]
    damaged = bytearray(content[: data.draw(st.integers(0, len(content)))])
    for _ in range(data.draw(st.integers(0, 4))):
        if damaged:
            place = data.draw(st.integers(0, min(len(damaged), 400) - 1))
            damaged[place] = data.draw(st.integers(0, 255))
    folder = tmp_path_factory.mktemp("damaged")
    source, goal = folder / f"a{suffix}", folder / f"b{suffix}"
    source.write_bytes(damaged)
    with contextlib.suppress(AltTextError):
        alt_text.write(source, goal, TEXT)
        assert alt_text.read(goal) == TEXT
        goal.unlink()
    assert list(folder.iterdir()) == [source]
    assert source.read_bytes() == damaged


@pytest.mark.parametrize(
    "packet",
    [
        b"<x:xmpmeta",
        b"no XML",
        b'<!DOCTYPE r [<!ENTITY a "b">]><r>&a;</r>',
        b"<r/>",
        '<?xml version="1.0" encoding="utf-16"?><r/>'.encode("utf-16"),
        b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"/>',
    ],
)
def test_an_odd_packet_is_left(tmp_path: Path, packet: bytes) -> None:
    source = tmp_path / "a.png"
    noise().save(source, pnginfo=_xmp(packet))
    with pytest.raises(AltTextError, match="was left unchanged"):
        alt_text.write(source, tmp_path / "b.png", TEXT)
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


def _xmp(packet: bytes):  # type: ignore[no-untyped-def]
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    info.add(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + packet)
    return info


def test_a_full_packet_is_left(photo: Path) -> None:
    exiftool("-overwrite_original", f"-XMP-dc:Source={'x' * 62_400}", photo)
    with pytest.raises(AltTextError, match="no room"):
        alt_text.write(photo, photo.with_name("b.jpg"), "y" * 4_000)


def test_metadata_in_several_parts_stays(photo: Path) -> None:
    exiftool("-overwrite_original", f"-XMP-dc:Source={'x' * 90_000}", photo)
    goal = photo.with_name("goal.jpg")
    alt_text.write(photo, goal, TEXT)
    assert by_exiftool(goal) == TEXT
    assert by_exiftool(goal, "XMP-dc:Source") == "x" * 90_000


FULL_DISK = """
import resource, sys
from image_describer.metadata import alt_text
from image_describer.errors import AltTextError
resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, 2_000))
for write in (
    lambda: alt_text.write(sys.argv[1], sys.argv[1] + ".copy", "A dog."),
    lambda: alt_text.write_in_place(sys.argv[1], "A dog."),
):
    try:
        write()
    except AltTextError as error:
        print(error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
def test_a_full_disk_changes_nothing(photo: Path) -> None:
    before = photo.read_bytes()
    done = tiny.run([sys.executable, "-c", FULL_DISK, str(photo)])
    assert done.stdout.count("was not written: File too large.") == 2, done.stderr
    assert photo.read_bytes() == before
    assert list(photo.parent.iterdir()) == [photo]


def test_a_rename_that_fails_leaves_no_backup(photo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(5, "Input/output error")

    before = photo.read_bytes()
    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(AltTextError, match="Input/output error"):
        alt_text.write_in_place(photo, TEXT)
    assert photo.read_bytes() == before
    assert list(photo.parent.iterdir()) == [photo]


def test_what_changed_since_it_was_described_is_left(photo: Path) -> None:
    with pytest.raises(AltTextError, match="changed since"):
        alt_text.write(photo, photo.with_name("b.jpg"), TEXT, key="0" * 64)
    with pytest.raises(AltTextError, match="changed since"):
        alt_text.write_in_place(photo, TEXT, key="0" * 64)
    assert list(photo.parent.iterdir()) == [photo]


# ---------------------------------------------------------------------------- the job of a batch


def options(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_alt_text_options(parser)
    return parser.parse_args(["--write-alt-text", *arguments])


def record(
    file: Path, confidence: float = 0.8, notes: tuple[str, ...] = (), alt_text: str | None = None
) -> Record:
    key = hashlib.sha256(file.read_bytes()).hexdigest()
    caption = "a brown dog runs through the grass"
    described = Description(caption, confidence, notes=notes, alt_text=alt_text)
    return Record(str(file), key, described)


def test_copies_keep_the_tree_beside_the_folder(tmp_path: Path) -> None:
    root = tmp_path / "Holiday"
    (root / "beach").mkdir(parents=True)
    file = root / "beach" / "a.jpg"
    file.write_bytes(PICTURES["jpeg"][1])
    done = record(file)
    outcome = alt_text_writer.apply(done, options(), [root])
    goal = tmp_path / "Holiday with alt text" / "beach" / "a.jpg"
    assert (outcome.kind, outcome.goal) == (AltTextOutcome.WRITTEN, goal)
    assert by_exiftool(goal) == TEXT
    assert alt_text_writer.apply(done, options(), [root]).kind is AltTextOutcome.SAME
    own = tmp_path / "own"
    outcome = alt_text_writer.apply(done, options("--copies", str(own)), [root])
    assert outcome.goal == own / "beach" / "a.jpg"


def test_in_place_twice(photo: Path) -> None:
    done = record(photo)
    wanted = options("--in-place")
    assert alt_text_writer.apply(done, wanted, [photo.parent]).kind is AltTextOutcome.WRITTEN
    assert alt_text_writer.apply(done, wanted, [photo.parent]).kind is AltTextOutcome.SAME
    assert len(list(photo.parent.iterdir())) == 2


@pytest.mark.parametrize("arguments", [("--in-place",), ("--copies", "{copies}")])
def test_another_model_brings_our_own_words_up_to_date(
    photo: Path, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    before = photo.read_bytes()
    wanted = options(*(one.format(copies=tmp_path.parent / "newer copies") for one in arguments))
    assert (
        alt_text_writer.apply(record(photo), wanted, [photo.parent]).kind is AltTextOutcome.WRITTEN
    )
    newer = dataclasses.replace(record(photo), description=Description("a dog lies on a bed", 0.8))
    outcome = alt_text_writer.apply(newer, wanted, [photo.parent])
    assert outcome.kind is AltTextOutcome.WRITTEN
    assert outcome.goal is not None
    assert by_exiftool(outcome.goal) == NEWER
    if "--in-place" in arguments:
        assert photo.with_name("photo.jpg_original").read_bytes() == before


def test_folders_of_the_same_name_do_not_meet() -> None:
    roots = [Path("/a/x"), Path("/b/x"), Path("/c/y"), Path("/d/one.jpg")]
    goals = [
        alt_text_writer.target_path(Path(file), Path("/copies"), roots).as_posix()
        for file in ("/a/x/1.jpg", "/b/x/1.jpg", "/c/y/z/1.jpg", "/d/one.jpg")
    ]
    assert goals == [
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
def test_what_is_likely_wrong_is_not_written(
    photo: Path,
    confidence: float,
    notes: tuple[str, ...],
    arguments: tuple[str, ...],
    kind: AltTextOutcome,
) -> None:
    outcome = alt_text_writer.apply(
        record(photo, confidence, notes), options("--in-place", *arguments), [photo.parent]
    )
    assert outcome.kind is kind
    assert alt_text.read(photo) == (TEXT if kind is AltTextOutcome.WRITTEN else None)


def test_a_picture_with_its_authors_text_is_copied_as_it_is(photo: Path) -> None:
    exiftool("-overwrite_original", f"-{PROPERTY}=Rex", photo)
    done = record(photo, 0.1, (NOT_A_PHOTOGRAPH,), alt_text="Rex")
    copies = photo.parent.parent / "copies"
    outcome = alt_text_writer.apply(done, options("--copies", str(copies)), [photo.parent])
    assert outcome.kind is AltTextOutcome.AUTHOR
    assert (copies / "photo.jpg").read_bytes() == photo.read_bytes()
    replaced = options("--copies", str(copies), "--replace")
    assert (
        alt_text_writer.apply(done, replaced, [photo.parent]).kind is AltTextOutcome.NO_PHOTOGRAPH
    )


def test_what_was_left_is_told(photo: Path) -> None:
    film = photo.with_name("film.gif")
    film.write_bytes(saved("GIF"))
    job = alt_text_writer.AltTextWriter(
        options("--copies", str(photo.parent.parent / "out")), [photo.parent]
    )
    for one in (Record(str(photo), "", error="It is broken."), record(photo), record(film)):
        job.take(one)
    lines = job.summary()
    assert lines[:3] == [
        "Alt text: 1 written.",
        "Alt text: 1 given none: not described.",
        "Alt text: 1 left as they were.",
    ]
    assert str(film) in lines[3]
    assert "GIF" in lines[3]
    assert job.failed


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--in-place", "--copies", "x"), "makes no copies"),
        (("--copies", "{root}/copies"), "among the pictures"),
        (("--copies", "{root}/photo.jpg"), "is no folder"),
        (("--language", "the dog's"), "is no language"),
    ],
)
def test_options_that_do_not_go_together(
    photo: Path, arguments: tuple[str, ...], said: str
) -> None:
    given = options(*(one.format(root=photo.parent) for one in arguments))
    with pytest.raises(AltTextError, match=said):
        alt_text_writer.check(given, [photo.parent])


def test_options_alone_are_refused() -> None:
    parser = argparse.ArgumentParser()
    add_alt_text_options(parser)
    alt_text_writer.check(parser.parse_args([]), [])
    with pytest.raises(AltTextError, match="needs --write-alt-text"):
        alt_text_writer.check(parser.parse_args(["--in-place"]), [])


@given(st.text(max_size=60))
def test_the_text_is_a_sentence_without_hedge_notes_or_the_author(caption: str) -> None:
    text = alt_text_writer.alt_text_of(
        Description(caption, 0.1, notes=("The picture is dark.",), alt_text="Rex")
    )
    assert text == "" or text.endswith(".")
    assert not any(word in text for word in ("Probably", "wrong", "Rex", "dark", "can't tell"))


def test_a_batch_writes_alt_text_and_again_changes_nothing(
    tiny_bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "Holiday"
    (folder / "beach").mkdir(parents=True)
    (folder / "beach" / "a.jpg").write_bytes(
        (paths.assets_folder() / "samples/cat.jpg").read_bytes()
    )
    (folder / "b.gif").write_bytes(saved("GIF"))
    command = [
        *("batch", str(folder), "--output", str(tmp_path / "out.jsonl"), "--no-index"),
        *("--workers", "1", "--bundle", str(tiny_bundle), "--write-alt-text", "--unsure"),
    ]
    main.main(command)
    told = capsys.readouterr().err
    goal = tmp_path / "Holiday with alt text" / "beach" / "a.jpg"
    assert "Alt text: 1 written." in told
    line = json.loads((tmp_path / "out.jsonl").read_text().splitlines()[-1])
    assert by_exiftool(goal).lower() == line["caption"] + "."
    status = goal.stat()
    main.main(command)
    assert "Alt text: 1 stood there already." in capsys.readouterr().err
    assert goal.stat().st_ino == status.st_ino
    main.main([*command, "--in-place"])
    main.main([*command, "--in-place"])
    assert "Alt text: 1 stood there already." in capsys.readouterr().err
    record = json.loads((tmp_path / "out.jsonl").read_text().splitlines()[-1])
    assert record["key"] == hashlib.sha256((folder / "beach" / "a.jpg").read_bytes()).hexdigest()
    assert main.main([*command, "--in-place", "--copies", str(tmp_path)]) == 2
    assert "--in-place makes no copies." in capsys.readouterr().err


def test_describe_tells_what_the_author_says(
    tiny_bundle: Path, photo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    exiftool("-overwrite_original", f"-{PROPERTY}=a dog named Rex", photo)
    assert main.main(["describe", "--bundle", str(tiny_bundle), str(photo)]) == 0
    assert capsys.readouterr().out.startswith("Its author says: a dog named Rex. ")
    assert main.main(["describe", "--json", "--bundle", str(tiny_bundle), str(photo)]) == 0
    assert json.loads(capsys.readouterr().out)["alt_text"] == "a dog named Rex"
