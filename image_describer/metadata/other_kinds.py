"""What a file is that can't be opened as a picture, and what its owner can do with it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import IO

from image_describer.i18n import N_, _
from image_describer.metadata.containers import isobmff, jpeg, png, tiff


@dataclass(frozen=True)
class OtherKind:
    """A kind of file: its ``name`` with an article, such as "a video", and the ``way_out``.

    Both are still to be translated, or have been.
    """

    name: str
    way_out: str = ""


_CONVERT = N_("Save it as a JPEG or PNG with the program it is from.")
_DEVELOP = N_("Save it as a JPEG with a photo program.")
_UNPACK = N_("Unpack it.")

TEXT = OtherKind("text")
WEB_PAGE = OtherKind(N_("a web page"), N_("Save the picture itself from that page."))
SVG = OtherKind(N_("an SVG drawing"), _CONVERT)
XML = OtherKind(N_("an XML or SVG file"))
_RAW_TIFF = OtherKind(N_("a raw photograph"), _DEVELOP)

# Way out -> name -> how such files begin: any of these, each at one offset or at several.
_BEGINNINGS: Mapping[str, Mapping[str, Sequence[Mapping[int, bytes]]]] = {
    _DEVELOP: {
        N_("a raw photograph of a Canon camera (CR3)"): [{4: b"ftypcrx "}],
        N_("a raw photograph of a Canon camera (CRW)"): [{0: b"II\x1a\0", 6: b"HEAPCCDR"}],
        N_("a raw photograph of a Fujifilm camera (RAF)"): [{0: b"FUJIFILMCCD-RAW"}],
        N_("a raw photograph of a Minolta camera (MRW)"): [{0: b"\0MRM"}],
        N_("a raw photograph of an Olympus camera (ORF)"): [
            {0: b"IIRO"},
            {0: b"IIRS"},
            {0: b"MMOR"},
        ],
        N_("a raw photograph of a Panasonic camera (RW2)"): [{0: b"IIU\0"}],
        N_("a raw photograph of a Sigma camera (X3F)"): [{0: b"FOVb"}],
    },
    N_("Export it as a JPEG or PNG from the program that shows it."): {
        N_("a medical picture (DICOM)"): [{128: b"DICM"}],
    },
    _CONVERT: {
        N_("a JPEG XL picture"): [{0: b"\xff\x0a"}, {4: b"JXL \r\n\x87\n"}],
        N_("a JPEG XR picture"): [{0: b"II\xbc\0"}, {0: b"II\xbc\1"}],
        N_("a BPG picture"): [{0: b"BPG\xfb"}],
        N_("a DDS picture"): [{0: b"DDS "}],
        N_("a FITS picture"): [{0: b"SIMPLE  ="}],
        N_("a FLIF picture"): [{0: b"FLIF"}],
        N_("a GIMP document"): [{0: b"gimp xcf"}],
        N_("an icon"): [{0: b"\0\0\1\0"}, {0: b"icns"}],
        N_("an IFF picture"): [{0: b"FORM", 8: b"ILBM"}],
        N_("a mouse pointer"): [{0: b"\0\0\2\0"}],
        N_("an MNG or JNG picture"): [{0: b"\x8aMNG\r\n"}, {0: b"\x8bJNG\r\n"}],
        N_("an OpenEXR picture"): [{0: b"v/1\1"}],
        N_("a PAM or PFM picture"): [{0: b"P7\n"}, {0: b"PF\n"}, {0: b"Pf\n"}],
        N_("a PCX picture"): [{0: b"\n\5\1"}, {0: b"\n\3\1"}],
        N_("a Photoshop document"): [{0: b"8BPS"}],
        N_("a QOI picture"): [{0: b"qoif"}],
        N_("a Radiance picture"): [{0: b"#?RADIANCE"}, {0: b"#?RGBE"}],
        N_("an SGI picture"): [{0: b"\1\xda\0"}, {0: b"\1\xda\1"}],
        N_("an XPM picture"): [{0: b"/* XPM */"}],
        N_("a Windows drawing (WMF or EMF)"): [
            {0: b"\xd7\xcd\xc6\x9a"},
            {0: b"\1\0\0\0", 40: b" EMF"},
        ],
        N_("a DjVu document"): [{0: b"AT&TFORM"}],
        N_("a PostScript document"): [{0: b"%!PS"}, {0: b"\xc5\xd0\xd3\xc6"}],
        N_("an Office document"): [{0: b"\xd0\xcf\x11\xe0"}, {0: b"{\\rtf"}],
    },
    _UNPACK: {
        N_("a ZIP archive or an Office document"): [{0: b"PK\3\4"}],
        N_("an archive"): [
            *({0: b"Rar!"}, {0: b"7z\xbc\xaf"}, {0: b"\x1f\x8b"}, {0: b"BZh"}, {0: b"\xfd7zXZ"}),
        ],
    },
    "": {
        N_("a PDF document"): [{0: b"%PDF"}],
        N_("a program"): [{0: b"\x7fELF"}, {0: b"MZ"}, {0: b"\xcf\xfa\xed\xfe"}],
        N_("a sound file"): [
            *({0: b"ID3"}, {0: b"OggS"}, {0: b"fLaC"}, {0: b"MThd"}, {0: b"RIFF", 8: b"WAVE"}),
            *({0: b"\xff\xfb"}, {0: b"\xff\xf3"}, {0: b"\xff\xf2"}),
            *({4: b"ftypM4A "}, {4: b"ftypM4B "}, {4: b"ftypM4P "}),
        ],
    },
    N_("Save one frame of it as a picture."): {
        N_("a video"): [
            *({0: b"\x1aE\xdf\xa3"}, {0: b"FLV\1"}, {0: b"\0\0\1\xba"}, {0: b"\0\0\1\xb3"}),
            *({4: b"\x11\xaf"}, {4: b"\x12\xaf"}),  # FLI and FLC
            *({0: b"RIFF", 8: b"AVI "}, {0: b"0&\xb2u\x8ef\xcf\x11"}, {0: b"G", 188: b"G"}),
            *({4: b"ftyp"}, {4: b"moov"}, {4: b"mdat"}, {4: b"wide"}),
        ],
    },
    N_("Open the file whose name lacks the ._ at the beginning."): {
        N_("what macOS stores beside a picture"): [{0: b"\0\5\x16\7"}],
    },
    N_("Run: git lfs pull."): {
        N_("a pointer to a file in Git LFS"): [{0: b"version https://git-lfs"}],
    },
}

_HEIF_CODECS = {
    b"av01": "AV1",
    b"avc1": "H.264 (AVC)",
    b"evc1": "EVC",
    b"j2k1": "JPEG 2000",
    b"jpeg": "JPEG",
    b"unci": N_("uncompressed pixels"),
    b"vvc1": "H.266 (VVC)",
}


def guess_kind(head: bytes) -> OtherKind | None:
    """Guess what a file is that begins with ``head`` and isn't a picture; None without a clue."""
    for way_out, names in _BEGINNINGS.items():
        for name, beginnings in names.items():
            for beginning in beginnings:
                if all(head.startswith(part, offset) for offset, part in beginning.items()):
                    return OtherKind(name, way_out)
    return _kind_of_text(head)


def unknown_variant(format_name: str, file: IO[bytes]) -> OtherKind | None:
    """Return what a file is, of a format that is opened, if it is a kind that isn't; else None.

    Never raises; the position of ``file`` changes.
    """
    try:
        if format_name == "HEIC":
            for item_type in sorted(isobmff.item_types(file) & _HEIF_CODECS.keys()):
                return OtherKind(
                    _("a HEIF picture with {codec}").format(codec=_(_HEIF_CODECS[item_type])),
                    _CONVERT,
                )
        elif format_name == "JPEG" and (process := jpeg.unusual_process(file)):
            return OtherKind(process, _CONVERT)
        elif format_name == "TIFF" and tiff.is_raw(file):
            return _RAW_TIFF
        elif format_name == "PNG" and png.is_for_iphone(file):
            return OtherKind(N_("a PNG picture for iPhone programs"), _CONVERT)
    except (OSError, ValueError):
        pass
    return None


def _kind_of_text(head: bytes) -> OtherKind | None:
    try:
        text = head.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # A character of several bytes may be cut in two where the head ends.
        text = head[: error.start].decode() if error.start > len(head) - 4 else ""
    beginning = text.lstrip().lower()
    if beginning.startswith("<") and "<svg" in beginning:
        return SVG
    if beginning.startswith("<?xml"):
        return XML
    if beginning.startswith(("<!doctype html", "<html")):
        return WEB_PAGE
    printable = "".join(text.split())
    return TEXT if printable and printable.isprintable() else None
