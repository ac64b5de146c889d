"""Alt text is written into copies and in place, exiftool reads it, and nothing else changes."""

import contextlib
import hashlib
import io
import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms
from PIL.PngImagePlugin import PngInfo

from image_describer.errors import AltTextError
from image_describer.imaging.open import open_picture
from image_describer.metadata import alt_text, xmp
from image_describer.metadata.alt_text import WriteResult
from image_describer.metadata.containers.file_parts import split_file
from image_describer.text import one_line
from tests.support import tiny
from tests.support.exiftool import ALT_TEXT, DIGEST, edit, exiftool, read_tag

TEXT = "A brown dog runs through the grass."
NEWER = "A dog lies on a bed."
SIZE = (64, 48)
FORMAT_OF_SUFFIX = {".jpg": "JPEG", ".png": "PNG", ".webp": "WEBP", ".tif": "TIFF"}


def noise(mode: str = "RGB", seed: int = 0) -> Image.Image:
    pixels = np.random.default_rng(seed).integers(0, 255, (SIZE[1], SIZE[0], 3), dtype=np.uint8)
    return Image.fromarray(pixels).convert(mode)


def saved(format_name: str, mode: str = "RGB", pages: int = 1, **options: object) -> bytes:
    buffer = io.BytesIO()
    if pages > 1:
        others = [noise(mode, seed) for seed in range(1, pages)]
        options |= {"save_all": True, "append_images": others}
    noise(mode).save(buffer, format_name, **options)
    return buffer.getvalue()


# name -> suffix of the file, content
PICTURES = {
    "jpeg": (".jpg", saved("JPEG")),
    "progressive jpeg": (".jpg", saved("JPEG", progressive=True)),
    "cmyk jpeg": (".jpg", saved("JPEG", "CMYK")),
    "jpeg of several pictures": (".jpg", saved("MPO", pages=3)),
    "jpeg with a video after it": (".jpg", saved("JPEG") + b"ftyp video" * 999),
    "png": (".png", saved("PNG")),
    "palette png": (".png", saved("PNG", "P")),
    "animated png": (".png", saved("PNG", pages=3, duration=90)),
    "webp": (".webp", saved("WEBP")),
    "lossless webp": (".webp", saved("WEBP", lossless=True)),
    "transparent webp": (".webp", saved("WEBP", "RGBA", lossless=True)),
    "animated webp": (".webp", saved("WEBP", pages=3, duration=90)),
    "tiff": (".tif", saved("TIFF")),
    "big-endian tiff": (".tif", saved("TIFF", "I;16B")),
    "compressed tiff": (".tif", saved("TIFF", compression="tiff_lzw")),
    "tiff of three pages": (".tif", saved("TIFF", pages=3)),
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


def packet_of(path: Path) -> bytes | None:
    format_name = Image.open(path).format
    return split_file(
        path.read_bytes(), "JPEG" if format_name == "MPO" else str(format_name)
    ).packet


def all_tags(path: Path) -> dict[str, object]:
    """Return what exiftool finds in a file, without its name and size, and offsets in it."""
    tags = json.loads(exiftool("-j", "-G1:4", "-a", "-u", "-U", "-b", path))[0]
    about_the_file = ("SourceFile", "ExifTool", "System", "File:")
    return {
        tag: value
        for tag, value in tags.items()
        if not tag.startswith(about_the_file) and not tag.endswith(("Start", "Offset", "Offsets"))
    }


def frames(content: bytes) -> list[str]:
    """Return a digest of the pixels and the duration of each frame."""
    image = Image.open(io.BytesIO(content))
    digests = []
    for number in range(getattr(image, "n_frames", 1)):
        image.seek(number)
        properties = repr((image.mode, image.size, image.info.get("duration"))).encode()
        digests.append(hashlib.sha256(image.tobytes() + properties).hexdigest())
    return digests


def fill_with_metadata(path: Path) -> None:
    """Give a picture much of what cameras and programs write into one."""
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
    edit(path, *arguments)


def png_with_packet(path: Path, packet: bytes) -> None:
    info = PngInfo()
    info.add(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + packet)
    noise().save(path, pnginfo=info)


def validation(path: Path) -> str:
    return exiftool("-validate", "-warning", "-a", path)


def test_a_bare_picture_only_gets_alt_text(picture: Path, tmp_path: Path) -> None:
    target = tmp_path / "copies" / "deep" / picture.name
    before = picture.read_bytes()
    assert alt_text.write(picture, target, TEXT) is WriteResult.WRITTEN
    assert picture.read_bytes() == before
    assert frames(target.read_bytes()) == frames(before)
    assert read_tag(target) == TEXT
    assert read_tag(target, f"{ALT_TEXT}-en") == TEXT
    assert alt_text.read(target) == TEXT
    assert list(target.parent.iterdir()) == [target]


def test_all_other_metadata_stays(picture: Path, tmp_path: Path) -> None:
    fill_with_metadata(picture)
    edit(picture, f"-{ALT_TEXT}-de=Ein Hund")
    target = tmp_path / "copies" / picture.name
    before = all_tags(picture)
    assert len(before) > 20
    assert alt_text.write(picture, target, TEXT, replace=True) is WriteResult.WRITTEN
    after = all_tags(target)
    assert after.pop(ALT_TEXT) == TEXT
    assert after.pop(f"{ALT_TEXT}-en") == TEXT
    assert after.pop(f"{ALT_TEXT}-de") == "Ein Hund"
    assert after.pop(DIGEST) == xmp.text_digest(TEXT)
    before.pop(f"{ALT_TEXT}-de")
    assert after == before
    assert frames(target.read_bytes()) == frames(picture.read_bytes())
    format_name = FORMAT_OF_SUFFIX[picture.suffix]
    old, new = (split_file(path.read_bytes(), format_name) for path in (picture, target))
    assert new.rest == old.rest


def test_alt_text_from_exiftool_is_read_and_kept(picture: Path) -> None:
    edit(picture, f"-{ALT_TEXT}=A dog & <Rex>")
    assert alt_text.read(picture) == "A dog &"  # markup is not read out
    target = picture.with_name("target")
    assert alt_text.write(picture, target, TEXT) is WriteResult.AUTHOR
    assert open_picture(picture).alt_text == "A dog &"


def test_writing_again_changes_nothing(picture: Path) -> None:
    target = picture.with_name("target")
    alt_text.write(picture, target, TEXT)
    status = target.stat()
    assert alt_text.write(picture, target, TEXT) is WriteResult.SAME
    assert alt_text.write(picture, target, TEXT, replace=True) is WriteResult.SAME
    assert (target.stat().st_ino, target.stat().st_mtime_ns) == (status.st_ino, status.st_mtime_ns)


TEXTS = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=200)


@settings(deadline=None, max_examples=100)
@given(TEXTS, st.sampled_from(sorted(PICTURES)))
def test_any_text_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, text: str, name: str
) -> None:
    suffix, content = PICTURES[name]
    folder = tmp_path_factory.mktemp("any")
    source, target = folder / f"a{suffix}", folder / f"b{suffix}"
    source.write_bytes(content)
    line = one_line(text)
    if not line:
        with pytest.raises(AltTextError, match="empty"):
            alt_text.write(source, target, text)
        assert not target.exists()
        return
    assert alt_text.write(source, target, text) is WriteResult.WRITTEN
    assert xmp.alternatives(packet_of(target)) == {"x-default": line, "en": line}


def test_exiftool_reads_text_that_is_hard_to_escape(photo: Path) -> None:
    target = photo.with_name("target.jpg")
    text = 'lang="de" <b>A & B</b> &amp; \u00e9 \u5199\u771f \U0001f415 ]]> \'"'
    alt_text.write(photo, target, text)
    assert read_tag(target) == text
    assert read_tag(target, f"{ALT_TEXT}-de") == ""


def test_an_authors_text_is_only_replaced_on_request(photo: Path) -> None:
    edit(photo, f"-{ALT_TEXT}-fr=Rex")
    target = photo.with_name("target.jpg")
    assert alt_text.write(photo, target, TEXT) is WriteResult.AUTHOR
    assert target.read_bytes() == photo.read_bytes()
    assert alt_text.write_in_place(photo, TEXT) == (WriteResult.AUTHOR, None)
    assert alt_text.write(photo, target, TEXT, replace=True) is WriteResult.WRITTEN
    assert read_tag(target) == TEXT
    assert read_tag(target, f"{ALT_TEXT}-fr") == "Rex"


def test_an_authors_text_in_the_copy_is_kept(photo: Path) -> None:
    target = photo.with_name("target.jpg")
    alt_text.write(photo, target, TEXT)
    edit(target, f"-{ALT_TEXT}=Rex", f"-{ALT_TEXT}-en=Rex")
    assert alt_text.write(photo, target, TEXT) is WriteResult.AUTHOR
    assert alt_text.read(target) == "Rex"


def test_an_authors_later_text_in_the_source_keeps_the_copy(photo: Path) -> None:
    target = photo.with_name("target.jpg")
    alt_text.write(photo, target, TEXT)
    edit(photo, f"-{ALT_TEXT}=Rex")
    before = target.read_bytes()
    assert alt_text.write(photo, target, NEWER) is WriteResult.AUTHOR
    assert target.read_bytes() == before


def test_our_text_is_not_the_authors_and_is_replaced_by_a_newer_one(picture: Path) -> None:
    target, latest = picture.with_name("target"), picture.with_name("latest")
    fill_with_metadata(picture)
    alt_text.write(picture, target, TEXT)
    assert read_tag(target, DIGEST) == xmp.text_digest(TEXT)
    assert validation(target) == validation(picture)
    assert open_picture(target).alt_text is None
    assert alt_text.write(target, latest, NEWER) is WriteResult.WRITTEN
    assert (read_tag(latest), read_tag(latest, f"{ALT_TEXT}-en")) == (NEWER, NEWER)
    assert read_tag(latest, DIGEST) == xmp.text_digest(NEWER)
    assert validation(latest) == validation(picture)
    assert open_picture(latest).alt_text is None
    assert frames(latest.read_bytes()) == frames(picture.read_bytes())
    assert alt_text.write(picture, target, NEWER) is WriteResult.WRITTEN  # an existing copy
    assert target.read_bytes() == latest.read_bytes()
    assert alt_text.write(picture, target, NEWER) is WriteResult.SAME


@pytest.mark.parametrize("tags", [(ALT_TEXT,), (f"{ALT_TEXT}-en",), (ALT_TEXT, f"{ALT_TEXT}-en")])
def test_our_text_becomes_the_authors_when_it_is_edited(photo: Path, tags: tuple[str, ...]) -> None:
    alt_text.write_in_place(photo, TEXT)
    edit(photo, *(f"-{tag}=Rex runs." for tag in tags))
    assert open_picture(photo).alt_text == "Rex runs."
    assert alt_text.write_in_place(photo, NEWER) == (WriteResult.AUTHOR, None)
    alt_text.write_in_place(photo, NEWER, replace=True)
    assert open_picture(photo).alt_text is None


def test_an_authors_text_in_another_language_stays_beside_ours(photo: Path) -> None:
    alt_text.write_in_place(photo, TEXT)
    edit(photo, f"-{ALT_TEXT}-de=Rex")
    assert open_picture(photo).alt_text == "Rex"
    assert alt_text.write_in_place(photo, NEWER) == (WriteResult.AUTHOR, None)
    alt_text.write_in_place(photo, NEWER, replace=True)
    assert read_tag(photo) == NEWER
    assert open_picture(photo).alt_text == "Rex"


def test_our_text_in_another_language_is_replaced(photo: Path) -> None:
    alt_text.write_in_place(photo, TEXT, language="en-GB")
    assert alt_text.write_in_place(photo, NEWER)[0] is WriteResult.WRITTEN
    assert read_tag(photo, f"{ALT_TEXT}-en-GB") == ""
    assert open_picture(photo).alt_text is None


def test_the_digest_survives_edits_by_other_programs(photo: Path) -> None:
    alt_text.write_in_place(photo, TEXT)
    edit(photo, "-XMP-dc:Title=One", "-EXIF:Artist=Ann")
    assert read_tag(photo, "XMP-dc:Title") == "One"
    assert open_picture(photo).alt_text is None
    assert alt_text.write_in_place(photo, NEWER)[0] is WriteResult.WRITTEN
    assert exiftool("-a", "-s", f"-{DIGEST}", photo).count("AltTextMade") == 1


@pytest.mark.parametrize("quote", ['"', "'"])
def test_a_digest_in_short_form_is_replaced(tmp_path: Path, quote: str) -> None:
    """Adobe's programs write simple properties as attributes."""
    attribute = f"b:AltTextMade={quote}{xmp.text_digest(TEXT)}{quote}"
    packet = (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><r:RDF '
        'xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><r:Description r:about="" '
        f'xmlns:b="{xmp.DIGEST_NAMESPACE}" xmlns:c="c:" {attribute} c:d="e">'
        f'<a:AltTextAccessibility xmlns:a="{xmp.NAMESPACE}"><r:Alt>'
        f'<r:li xml:lang="x-default">{TEXT}</r:li></r:Alt></a:AltTextAccessibility>'
        "</r:Description></r:RDF></x:xmpmeta>"
    )
    source, target = tmp_path / "a.png", tmp_path / "b.png"
    png_with_packet(source, packet.encode())
    assert open_picture(source).alt_text is None
    assert alt_text.write(source, target, NEWER) is WriteResult.WRITTEN
    new = packet_of(target)
    assert new is not None
    assert new.count(b"AltTextMade=") == 0
    assert b'xmlns:c="c:" c:d="e">' in new
    assert read_tag(target, "AltTextMade") == xmp.text_digest(NEWER)
    assert open_picture(target).alt_text is None


def test_writing_in_place_keeps_the_original(photo: Path) -> None:
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
    assert read_tag(photo) == TEXT
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


def test_a_copy_has_the_time_and_permissions_of_its_source(photo: Path) -> None:
    photo.chmod(0o444)
    os.utime(photo, (1_000_000_000, 1_000_000_000))
    target = photo.with_name("target.jpg")
    alt_text.write(photo, target, TEXT)
    assert target.stat().st_mtime == 1_000_000_000
    assert target.stat().st_mode & 0o777 == 0o444
    with pytest.raises(AltTextError, match="write-protected"):
        alt_text.write_in_place(photo, TEXT)
    assert sorted(path.name for path in photo.parent.iterdir()) == ["photo.jpg", "target.jpg"]


def test_symbolic_links_are_only_followed_to_a_source(photo: Path) -> None:
    link, target = photo.with_name("link.jpg"), photo.with_name("target.jpg")
    link.symlink_to(photo)
    with pytest.raises(AltTextError, match="is a link"):
        alt_text.write_in_place(link, TEXT)
    alt_text.write(link, target, TEXT)
    assert target.is_file()
    assert not target.is_symlink()
    for same_file in (link, photo):
        with pytest.raises(AltTextError, match="Something else"):
            alt_text.write(photo, same_file, TEXT)


def test_other_hard_links_keep_the_old_content(photo: Path) -> None:
    other = photo.with_name("other.jpg")
    os.link(photo, other)
    before = other.read_bytes()
    alt_text.write_in_place(photo, TEXT)
    assert other.read_bytes() == before


def test_another_picture_is_never_overwritten(photo: Path) -> None:
    target = photo.with_name("target.jpg")
    for content in (saved("JPEG", "L"), b"my diary", b""):
        target.write_bytes(content)
        with pytest.raises(AltTextError, match="Another picture is called"):
            alt_text.write(photo, target, TEXT, replace=True)
        assert target.read_bytes() == content


def test_a_wrong_suffix_does_not_matter(tmp_path: Path) -> None:
    source, target = tmp_path / "a.jpg", tmp_path / "b.jpg"
    source.write_bytes(PICTURES["png"][1])
    assert alt_text.write(source, target, TEXT) is WriteResult.WRITTEN
    assert alt_text.read(target) == TEXT


@pytest.mark.parametrize("format_name", ["GIF", "AVIF", "BigTIFF"])
def test_other_formats_are_refused(tmp_path: Path, format_name: str) -> None:
    is_big = format_name == "BigTIFF"
    source = tmp_path / "a"
    source.write_bytes(saved("TIFF", big_tiff=True) if is_big else saved(format_name))
    with pytest.raises(AltTextError, match=f"into {format_name}, only into JPEG"):
        alt_text.write(source, tmp_path / "b", TEXT)
    assert alt_text.read(source) is None
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_things_that_are_not_pictures_are_refused(tmp_path: Path) -> None:
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


@settings(deadline=None, max_examples=200)
@given(st.data())
def test_a_damaged_file_is_written_correctly_or_refused(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    suffix, content = PICTURES[data.draw(st.sampled_from(sorted(PICTURES)))]
    damaged = bytearray(content[: data.draw(st.integers(0, len(content)))])
    for _ in range(data.draw(st.integers(0, 4))):
        if damaged:
            position = data.draw(st.integers(0, min(len(damaged), 400) - 1))
            damaged[position] = data.draw(st.integers(0, 255))
    folder = tmp_path_factory.mktemp("damaged")
    source, target = folder / f"a{suffix}", folder / f"b{suffix}"
    source.write_bytes(damaged)
    with contextlib.suppress(AltTextError):
        alt_text.write(source, target, TEXT)
        assert alt_text.read(target) == TEXT
        target.unlink()
    assert list(folder.iterdir()) == [source]
    assert source.read_bytes() == damaged


@pytest.mark.parametrize(
    "packet",
    [
        b"<x:xmpmeta",
        b"not XML",
        b'<!DOCTYPE r [<!ENTITY a "b">]><r>&a;</r>',
        b"<r/>",
        '<?xml version="1.0" encoding="utf-16"?><r/>'.encode("utf-16"),
        b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"/>',
    ],
    ids=["truncated", "text", "doctype", "no RDF", "UTF-16", "empty RDF"],
)
def test_an_unusual_packet_is_left_unchanged(tmp_path: Path, packet: bytes) -> None:
    source = tmp_path / "a.png"
    png_with_packet(source, packet)
    with pytest.raises(AltTextError, match="was left unchanged"):
        alt_text.write(source, tmp_path / "b.png", TEXT)
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


def test_a_full_packet_is_left_unchanged(photo: Path) -> None:
    edit(photo, f"-XMP-dc:Source={'x' * 62_400}")
    with pytest.raises(AltTextError, match="no room"):
        alt_text.write(photo, photo.with_name("b.jpg"), "y" * 4_000)


def test_metadata_in_several_segments_stays(photo: Path) -> None:
    edit(photo, f"-XMP-dc:Source={'x' * 90_000}")
    target = photo.with_name("target.jpg")
    alt_text.write(photo, target, TEXT)
    assert read_tag(target) == TEXT
    assert read_tag(target, "XMP-dc:Source") == "x" * 90_000


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


def test_a_failed_rename_leaves_no_backup(photo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(5, "Input/output error")

    before = photo.read_bytes()
    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(AltTextError, match="Input/output error"):
        alt_text.write_in_place(photo, TEXT)
    assert photo.read_bytes() == before
    assert list(photo.parent.iterdir()) == [photo]


def test_a_file_that_has_changed_since_it_was_described_is_left_unchanged(photo: Path) -> None:
    with pytest.raises(AltTextError, match="changed since"):
        alt_text.write(photo, photo.with_name("b.jpg"), TEXT, key="0" * 64)
    with pytest.raises(AltTextError, match="changed since"):
        alt_text.write_in_place(photo, TEXT, key="0" * 64)
    assert list(photo.parent.iterdir()) == [photo]
