"""The command line, called in this process: what it prints, says, writes and returns."""

import json
import wave
from pathlib import Path

import pytest
from PIL import Image

from image_describer import speech
from image_describer.cli import main
from image_describer.errors import SpeechError
from image_describer.speech.voices.silent import SilentVoice
from tests.support import gtts_service

FIELDS = {
    *("file", "caption", "sentence", "confidence", "alternatives", "words", "notes"),
    *("seconds", "width", "height", "alt_text"),
}
HEDGES = ("Probably: ", "It might be: ", "I can't tell what this is.")


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The program's own files go to the test's folder."""
    for name in ("CONFIG", "CACHE", "STATE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name.lower()))
    return tmp_path


@pytest.fixture
def describe(tiny_bundle, capsys):
    """``describe(picture, ...)`` -> status, lines on stdout, lines on stderr."""

    def run(*arguments: object) -> tuple[int, list[str], list[str]]:
        words = ["describe", "--bundle", str(tiny_bundle), *map(str, arguments)]
        status = main.main(words)
        printed = capsys.readouterr()
        return status, printed.out.splitlines(), printed.err.splitlines()

    return run


@pytest.fixture
def photo(tmp_path):
    """``photo("a.jpg")`` -> the path of a small picture with something in it."""

    def make(name: str = "photo.jpg", size: tuple[int, int] = (320, 240)) -> Path:
        path = tmp_path / name
        Image.effect_noise(size, 80).convert("RGB").save(path)
        return path

    return make


@pytest.fixture
def voices(monkeypatch):
    """The speaker gets two voices that only remember: ``voices["gtts"].spoken``."""
    made = {name: SilentVoice(name=name) for name in ("gtts", "espeak")}
    made["gtts"].online = True

    def make_speaker(offline: bool = False) -> speech.Speaker:
        return speech.Speaker(list(made.values()), offline=offline)

    monkeypatch.setattr(speech, "make_speaker", make_speaker)
    return made


def hedged(line: str) -> bool:
    return any(hedge in line for hedge in HEDGES) and line.endswith(".")


def letters(*texts: str) -> str:
    """The letters alone: gTTS cuts at punctuation and leaves it out."""
    return "".join(sign for text in texts for sign in text if sign.isalpha())


def test_one_picture_is_one_hedged_line(describe, photo):
    status, out, err = describe(photo())
    assert (status, err) == (0, [])
    assert len(out) == 1
    assert hedged(out[0])


def test_lines_come_in_the_order_of_the_pictures(describe, photo):
    pictures = [photo(f"{name}.png", (40 + i, 30)) for i, name in enumerate("cab")]
    status, out, err = describe("--json", *pictures)
    assert (status, err) == (0, [])
    assert [json.loads(line)["file"] for line in out] == [str(path) for path in pictures]
    assert [json.loads(line)["width"] for line in out] == [40, 41, 42]


def test_json_has_what_the_readme_lists(describe, photo):
    _, out, _ = describe("--json", photo())
    record = json.loads(out[0])
    assert set(record) == FIELDS
    assert hedged(record["sentence"])
    assert record["caption"] in record["sentence"]
    assert 0 <= record["confidence"] <= 1
    assert all(set(other) == {"caption", "confidence"} for other in record["alternatives"])
    assert " ".join(word["word"] for word in record["words"]).split() == record["caption"].split()
    for word in record["words"]:
        x0, y0, x1, y1 = word["region"]
        assert 0 <= x0 < x1 <= 1
        assert 0 <= y0 < y1 <= 1
    assert set(record["seconds"]) == {"read", "extract", "decode"}
    assert all(seconds >= 0 for seconds in record["seconds"].values())
    assert (record["width"], record["height"]) == (320, 240)


def test_plain_and_json_say_the_same(describe, photo):
    picture = photo()
    (plain,) = describe(picture)[1]
    (record,) = describe("--json", picture)[1]
    assert json.loads(record)["sentence"] == plain


def test_the_others_are_described_when_one_is_unreadable(describe, photo, tmp_path):
    broken = tmp_path / "broken.jpg"
    broken.write_text("no picture at all")
    missing = tmp_path / "missing.jpg"
    status, out, err = describe(broken, photo("a.jpg"), missing, photo("b.jpg"), tmp_path)
    assert status == 2
    assert len(out) == 2
    assert all(hedged(line) for line in out)
    assert len(err) == 3
    for line, name in zip(err, (broken, missing, tmp_path), strict=True):
        assert line.startswith("image-describer: ")
        assert str(name) in line
        assert line.count(str(name)) == 1


def test_json_prints_no_object_for_what_is_unreadable(describe, photo, tmp_path):
    status, out, err = describe("--json", tmp_path / "missing.jpg", photo())
    assert status == 2
    assert [json.loads(line)["file"] for line in out] == [str(tmp_path / "photo.jpg")]
    assert len(err) == 1


@pytest.mark.parametrize(
    "name",
    [
        "two words.jpg",
        'it\'s "quoted".jpg',
        "two\nlines.jpg",
        "tab\tand\rreturn.jpg",
        "größe 猫 🐕.jpg",
        "-v.jpg",
        "\x1b[31mred.jpg",
        "\u202egpj.jpg",
    ],
)
def test_odd_names_are_described_and_refused_in_one_line(describe, photo, tmp_path, name):
    status, out, err = describe("--json", photo(name))
    assert (status, err, len(out)) == (0, [], 1)
    assert json.loads(out[0])["file"] == str(tmp_path / name)
    (tmp_path / name).write_bytes(b"")
    status, out, err = describe(tmp_path / name)
    assert (status, out, len(err)) == (2, [], 1)
    assert err[0].isprintable()


def test_a_name_that_begins_with_a_hyphen(describe, photo, tmp_path, monkeypatch):
    photo("--speak.jpg")
    monkeypatch.chdir(tmp_path)
    status, out, _ = describe("--", "--speak.jpg")
    assert (status, len(out)) == (0, 1)


@pytest.mark.parametrize("name", ["extractor.tflite", "decoder.tflite", "tokenizer.pkl"])
def test_a_damaged_bundle_is_refused_by_name(tiny_bundle, tmp_path, capsys, photo, name):
    for path in tiny_bundle.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    content = bytearray((tmp_path / name).read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / name).write_bytes(content)
    assert main.main(["describe", "--bundle", str(tmp_path), str(photo())]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert len(printed.err.splitlines()) == 1
    assert name in printed.err
    assert "get it back" in printed.err


def test_speak_says_each_sentence_once_in_order(describe, photo, voices):
    status, out, err = describe("--speak", photo("a.jpg", (60, 90)), photo("b.jpg", (90, 60)))
    assert (status, err) == (0, [])
    assert [text for text, _ in voices["gtts"].spoken] == out
    assert voices["espeak"].spoken == []


def test_what_two_pictures_share_is_said_for_each(describe, photo, voices):
    """A description, then a refusal: the speaker takes a text asked for twice for one wish."""
    voices["gtts"].seconds = 1.0  # the first is not over when the second comes
    same = photo()
    status, out, _ = describe("--speak", same, same)
    assert (status, len(out), out[0]) == (0, 2, out[1])
    assert [text for text, _ in voices["gtts"].spoken] == out
    voices["espeak"].seconds = 1.0
    gone = same.with_name("gone.jpg")
    status, _, err = describe("--speak", gone, gone)
    assert (status, len(err)) == (2, 2)
    assert len(voices["espeak"].spoken) == 2


def test_what_an_author_says_is_sent_nowhere(describe, photo, voices, monkeypatch, tmp_path):
    from image_describer.metadata import xmp

    monkeypatch.setattr(xmp, "said", lambda _packet: "Ann and Rex")
    status, out, _ = describe("--speak", photo())
    assert status == 0
    assert [text for text, _ in voices["espeak"].spoken] == ["Its author says: Ann and Rex."]
    assert len(out) == 1
    own = out[0].removeprefix("Its author says: Ann and Rex. ")
    assert [text for text, _ in voices["gtts"].spoken] == [own]


def test_speak_offline_leaves_googles_voice_alone(describe, photo, voices):
    _, out, _ = describe("--speak", "--offline", photo())
    assert [text for text, _ in voices["espeak"].spoken] == out
    assert voices["gtts"].spoken == []


def test_speak_says_refusals_without_sending_them_anywhere(describe, tmp_path, voices):
    secret = tmp_path / "secret name.jpg"
    status, out, err = describe("--speak", secret)
    assert (status, out, len(err)) == (2, [], 1)
    assert voices["gtts"].spoken == []
    (said, _) = voices["espeak"].spoken[0]
    assert said in err[0]


def test_without_speak_there_is_no_speaker(describe, photo, monkeypatch):
    def fail(**_: object) -> None:
        raise AssertionError("a speaker was made")

    monkeypatch.setattr(speech, "make_speaker", fail)
    assert describe(photo())[0] == 0


def test_what_can_not_be_heard_is_told_once_and_is_no_failure(
    describe, photo, no_sound_card, monkeypatch
):
    with gtts_service.service() as google:
        monkeypatch.setenv("IMAGE_DESCRIBER_GTTS_ADDRESS", google.address)
        status, out, err = describe("--speak", photo("a.jpg"), photo("b.jpg", (90, 60)))
    assert status == 0
    assert len(out) == 2
    assert len(err) == 1
    assert "sound output" in err[0]
    assert google.texts == []  # nobody would have heard it


@pytest.mark.parametrize("suffix", [".wav", ".mp3", ".WAV"])
def test_save_speech_offline(describe, photo, tmp_path, suffix):
    file = tmp_path / f"spoken{suffix}"
    status, out, err = describe("--offline", "--save-speech", file, photo())
    assert (status, err, len(out)) == (0, [], 1)
    content = file.read_bytes()
    assert len(content) > 5_000
    assert content[:4] == b"RIFF" if suffix.lower() == ".wav" else content[0] in (0xFF, 0x49)
    assert not list(tmp_path.glob(".*")), "a temporary file was left"


def test_save_speech_puts_all_sentences_into_one_file(describe, photo, tmp_path):
    pictures = [photo(f"{i}.jpg", (60 + 20 * i, 90)) for i in range(3)]
    lengths = []
    for count in (1, 3):
        file = tmp_path / f"{count}.wav"
        describe("--offline", "--save-speech", file, *pictures[:count])
        with wave.open(str(file)) as sound:
            lengths.append(sound.getnframes() / sound.getframerate())
    assert lengths[1] > 1.8 * lengths[0] > 1


def test_save_speech_sends_the_sentence_and_nothing_else(describe, photo, tmp_path, monkeypatch):
    file = tmp_path / "spoken.mp3"
    with gtts_service.service() as google:
        monkeypatch.setenv("IMAGE_DESCRIBER_GTTS_ADDRESS", google.address)
        status, out, err = describe("--save-speech", file, photo("secret name.jpg"))
    assert (status, err) == (0, [])
    assert letters(*google.texts) == letters(out[0])
    assert "secret" not in "".join(google.bodies)
    assert file.read_bytes() == google.sound * len(google.texts)


@pytest.mark.parametrize("name", ["spoken.ogg", "spoken", "missing/spoken.wav", "."])
def test_an_impossible_sound_file_is_refused_before_any_work(describe, photo, tmp_path, name):
    status, out, err = describe("--save-speech", tmp_path / name, photo())
    assert (status, out, len(err)) == (2, [], 1)
    assert "--save-speech" in err[0]


def test_a_sound_file_that_can_not_be_written_fails(describe, photo, voices, tmp_path, monkeypatch):
    def refuse(*_: object, **_kind: object) -> str:
        raise SpeechError("No space is left.", "Delete something.")

    monkeypatch.setattr(speech.Speaker, "save", refuse)
    status, out, err = describe("--save-speech", tmp_path / "a.wav", photo())
    assert (status, len(out), len(err)) == (2, 1, 1)
    assert "was not written. No space is left. Delete something." in err[0]


def test_nothing_to_say_is_not_saved(describe, tmp_path):
    file = tmp_path / "a.wav"
    status, _, err = describe("--offline", "--save-speech", file, tmp_path / "missing.jpg")
    assert (status, len(err)) == (2, 2)
    assert not file.exists()


def test_a_fault_of_the_program_is_one_sentence_and_a_log(describe, photo, monkeypatch, tmp_path):
    from image_describer.captioner.describer import Describer

    def fail(*_: object) -> None:
        raise ZeroDivisionError("a\nfault")

    monkeypatch.setattr(Describer, "describe", fail)
    status, out, err = describe(photo())
    assert (status, out, len(err)) == (1, [], 1)
    assert "ZeroDivisionError" in err[0]
    log = Path(err[0].rpartition(": ")[2])
    assert log.is_relative_to(tmp_path)
    assert "Traceback" in log.read_text(encoding="utf-8")


def test_control_c_is_quiet(describe, photo, monkeypatch):
    from image_describer.captioner.describer import Describer

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Describer, "describe", interrupt)
    assert describe(photo()) == (130, [], [])


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["describe"],
        ["descrbe", "a.jpg"],
        ["describe", "--loud", "a.jpg"],
        ["describe", "--off", "a.jpg"],
        ["describe", "--bundle"],
        ["doctor", "a.jpg"],
    ],
)
def test_mistakes_are_answered_with_help(words, capsys):
    assert main.main(words) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "help" in printed.err


@pytest.mark.parametrize(
    "words", [["--help"], ["-h"], ["describe", "--help"], ["doctor", "--help"]]
)
def test_help_teaches(words, capsys):
    assert main.main(words) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    assert "image-describer" in printed.out
    assert "exit status:" in printed.out or "examples:" in printed.out
    assert max(map(len, printed.out.splitlines())) <= 100


def test_version(capsys):
    from image_describer import __version__

    assert main.main(["--version"]) == 0
    assert capsys.readouterr().out == f"image-describer {__version__}\n"


def test_readme_lists_every_option(capsys):
    main.main(["describe", "--help"])
    shown = {word.strip(",[]") for word in capsys.readouterr().out.split() if "--" in word}
    options = {word for word in shown if word.startswith("--")} - {"--help"}
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    assert options == {"--json", "--speak", "--save-speech", "--offline", "--bundle"}
    assert all(f"| `{option}" in readme for option in options)


def test_readme_has_the_keys_of_the_window():
    from image_describer.app.keymap import markdown_table

    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    assert markdown_table() in readme
