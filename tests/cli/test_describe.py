"""``describe``, in this process: what it prints, speaks, writes and returns."""

import json
import time
import wave
from pathlib import Path

import pytest
from PIL import Image

from image_describer import speech
from image_describer.captioner import describer
from image_describer.errors import ScreenError, SpeechError
from image_describer.imaging import clipboard
from image_describer.imaging import screen as screen_capture
from image_describer.settings import Settings, SettingsFile
from image_describer.speech.voices.silent import SilentVoice
from tests.support import gtts_service
from tests.support.pictures import with_text

DOCS = Path(__file__).parents[2] / "docs" / "cli.md"
FIELDS = {
    *(
        "file",
        "language",
        "caption",
        "sentence",
        "confidence",
        "alternatives",
        "doubt",
        "words",
        "notes",
    ),
    *("seconds", "width", "height", "alt_text", "text", "codes", "is_page", "has_scene"),
}
HEDGES = ("Probably: ", "It might be: ", "Unsure. My guess: ")


@pytest.fixture
def voices(monkeypatch):
    """The speaker gets two voices that only record: ``voices["gtts"].spoken``."""
    created = {name: SilentVoice(name=name) for name in ("gtts", "espeak")}
    created["gtts"].online = True

    def make_speaker(**options: object) -> speech.Speaker:
        created["options"] = options
        return speech.Speaker([created["gtts"], created["espeak"]], **options)

    monkeypatch.setattr(speech, "make_speaker", make_speaker)
    return created


def is_hedged(line: str) -> bool:
    return any(hedge in line for hedge in HEDGES) and line.endswith(".")


def letters(*texts: str) -> str:
    """The letters alone, because gTTS splits at punctuation and drops it."""
    return "".join(char for text in texts for char in text if char.isalpha())


def test_one_picture_is_one_hedged_line(describe, photo):
    status, out, err = describe(photo())
    assert (status, err, len(out)) == (0, [], 1)
    assert is_hedged(out[0])


def test_lines_are_in_the_order_of_the_pictures(describe, photo):
    pictures = [photo(f"{name}.png", (40 + i, 30)) for i, name in enumerate("cab")]
    status, out, err = describe("--json", *pictures)
    assert (status, err) == (0, [])
    records = [json.loads(line) for line in out]
    assert [record["file"] for record in records] == [str(path) for path in pictures]
    assert [record["width"] for record in records] == [40, 41, 42]


def test_json_fields(describe, photo):
    picture = photo()
    _, (line,), _ = describe("--json", picture)
    record = json.loads(line)
    assert set(record) == FIELDS
    assert record["sentence"] == describe(picture)[1][0]
    assert record["caption"] in record["sentence"]
    assert 0 <= record["confidence"] <= 1
    assert all(set(other) == {"caption", "confidence"} for other in record["alternatives"])
    assert " ".join(word["word"] for word in record["words"]).split() == record["caption"].split()
    for word in record["words"]:
        left, top, right, bottom = word["region"]
        assert 0 <= left < right <= 1
        assert 0 <= top < bottom <= 1
    assert set(record["seconds"]) == {"read", "extract", "decode", "read_text"}
    assert (record["width"], record["height"]) == (320, 240)


def test_what_is_written_is_said_or_printed_as_a_whole(describe, tmp_path, voices, monkeypatch):
    # Otherwise there is no scene, and the text is said at once.
    monkeypatch.setattr(describer, "shows_photograph", lambda _notes: True)
    page = tmp_path / "page.png"
    with_text([f"line {number} of the page" for number in ("one", "two", "three")]).save(page)
    status, out, _ = describe("--speak", page)
    assert status == 0
    assert out[0].endswith("There are about 15 words in it. --text prints them.")
    assert voices["espeak"].spoken[-1][0].startswith("There are about 15 words")
    status, out, _ = describe("--text", "--speak", page)
    assert (status, out[1:]) == (
        0,
        ["line one of the page", "line two of the page", "line three of the page"],
    )
    assert "There are" not in out[0]
    assert voices["espeak"].spoken[-1][0] == "\n".join(out[1:])
    assert not any("line" in text for text, _ in voices["gtts"].spoken)


def test_the_documents_list_every_field_and_option(run):
    _, out, _ = run("describe", "--help")
    options = {word.strip(",[]") for line in out for word in line.split() if "--" in word}
    text = DOCS.read_text(encoding="utf-8")
    assert all(f"`{field}`" in text for field in FIELDS)
    assert all(f"`{option}" in text for option in options - {"--help"} if option.startswith("--"))


def test_other_pictures_are_described_when_one_is_unreadable(describe, photo, tmp_path):
    broken = tmp_path / "broken.jpg"
    broken.write_text("no picture at all")
    missing = tmp_path / "missing.jpg"
    status, out, err = describe(broken, photo("a.jpg"), missing, photo("b.jpg"), tmp_path)
    assert status == 2
    assert len(out) == 2
    assert all(is_hedged(line) for line in out)
    for line, name in zip(err, (broken, missing, tmp_path), strict=True):
        assert line.startswith("image-describer: ")
        assert line.count(str(name)) == 1


def test_json_prints_no_object_for_an_unreadable_picture(describe, photo, tmp_path):
    status, out, err = describe("--json", tmp_path / "missing.jpg", photo())
    assert status == 2
    assert [json.loads(line)["file"] for line in out] == [str(tmp_path / "photo.jpg")]
    assert len(err) == 1


@pytest.mark.parametrize(
    "name",
    ['it\'s "quoted".jpg', "two\nlines\tand\rreturn.jpg", "größe 猫 🐕.jpg", "\x1b[31m\u202er.jpg"],
)
def test_odd_names_stay_on_one_line(describe, photo, tmp_path, name):
    status, out, err = describe("--json", photo(name))
    assert (status, err, len(out)) == (0, [], 1)
    assert json.loads(out[0])["file"] == str(tmp_path / name)
    (tmp_path / name).write_bytes(b"")
    status, out, err = describe(tmp_path / name)
    assert (status, out, len(err)) == (2, [], 1)
    assert err[0].isprintable()


def test_a_german_description_is_german_and_spoken_so(describe, photo, voices):
    picture = photo()
    status, (line,), _ = describe("--language", "de-AT", "--json", picture)
    record = json.loads(line)
    assert (status, record["language"]) == (0, "de")
    assert "Quadrat" in record["caption"]
    status, out, _ = describe("--language", "de", "--speak", picture)
    assert (status, len(out)) == (0, 1)
    assert "Quadrat" in out[0]
    assert [text for text, _ in voices["espeak"].spoken] == out


@pytest.mark.parametrize(
    ("language", "message"),
    [
        ("fr", 'describe pictures in the language "fr". Choose one of these: en, de.'),
        ("d3", "'d3' is not the code of a language"),
    ],
)
def test_an_unknown_language_is_refused(describe, photo, language, message):
    status, out, err = describe("--language", language, photo())
    assert (status, out) == (2, [])
    assert message in " ".join(err)


def test_the_settings_choose_the_language(describe, photo, monkeypatch):
    monkeypatch.setattr("image_describer.i18n.languages", lambda: ("en", "de"))
    monkeypatch.setattr("image_describer.i18n._of_process", "en")  # restored after the test
    SettingsFile().save(Settings(program_language="de"))
    status, (line,), _ = describe("--json", photo())
    assert (status, json.loads(line)["language"]) == (0, "de")
    status, (line,), _ = describe("--json", "--language", "en", photo())
    assert json.loads(line)["language"] == "en"


def test_a_name_that_begins_with_a_hyphen(describe, photo, tmp_path, monkeypatch):
    photo("--speak.jpg")
    monkeypatch.chdir(tmp_path)
    status, out, _ = describe("--", "--speak.jpg")
    assert (status, len(out)) == (0, 1)


def test_a_damaged_bundle_is_refused_by_file_name(tiny_bundle, tmp_path, run, photo):
    for path in tiny_bundle.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    with (tmp_path / "decoder.tflite").open("r+b") as file:
        file.write(b"damage")
    status, out, err = run("describe", "--bundle", tmp_path, photo())
    assert (status, out, len(err)) == (2, [], 1)
    assert "decoder.tflite" in err[0]
    assert "git checkout -- models" in err[0]


def test_sentences_are_spoken_once_and_in_order(describe, photo, voices):
    status, out, err = describe(
        "--speak", "--online", photo("a.jpg", (60, 90)), photo("b.jpg", (90, 60))
    )
    assert (status, err) == (0, [])
    assert [text for text, _ in voices["gtts"].spoken] == out
    assert voices["espeak"].spoken == []


def test_equal_sentences_are_spoken_for_each_picture(describe, photo, voices):
    voices["espeak"].seconds = 0.3  # the first is not over when the second comes
    picture = photo()
    status, out, _ = describe("--speak", picture, picture)
    assert (status, len(out), out[0]) == (0, 2, out[1])
    assert [text for text, _ in voices["espeak"].spoken] == out


def test_words_of_the_author_are_spoken_offline(describe, photo, voices, monkeypatch):
    from image_describer.captioner.describer import Describer

    plain = Describer.describe

    def describe_with_author(self, picture, *, language):
        import dataclasses

        return dataclasses.replace(plain(self, picture, language=language), alt_text="Ann and Rex")

    monkeypatch.setattr(Describer, "describe", describe_with_author)
    status, out, _ = describe("--speak", "--online", photo())
    assert status == 0
    assert [text for text, _ in voices["espeak"].spoken] == ["Its author says: Ann and Rex."]
    own = out[0].removeprefix("Its author says: Ann and Rex. ")
    assert [text for text, _ in voices["gtts"].spoken] == [own]


def test_errors_are_spoken_offline(describe, tmp_path, voices):
    status, out, err = describe("--speak", "--online", tmp_path / "secret name.jpg")
    assert (status, out, len(err)) == (2, [], 1)
    assert voices["gtts"].spoken == []
    (text, _) = voices["espeak"].spoken[0]
    assert text in err[0]


@pytest.mark.parametrize(
    ("content", "option", "voice"),
    [
        (None, None, "espeak"),  # the user was never asked
        ("rate = 300\n", None, "espeak"),
        ("online = false\n", None, "espeak"),
        ("online = true\n", None, "gtts"),
        ("online = true\n", "--offline", "espeak"),
        ("online = false\n", "--online", "gtts"),
    ],
)
def test_the_voice_is_that_of_the_settings(
    describe, photo, voices, settings_file, content, option, voice
):
    if content is not None:
        settings_file.write_text(content)
    status, out, err = describe("--speak", *([option] if option else []), photo())
    assert (status, err) == (0, [])
    spoken = {name: [text for text, _ in voices[name].spoken] for name in ("gtts", "espeak")}
    assert spoken == {"gtts": [], "espeak": [], voice: out}


def test_rate_volume_and_language_are_those_of_the_settings(describe, photo, voices, settings_file):
    settings_file.write_text('rate = 300\nvolume = 40\nlanguage = "pt-BR"\n')
    describe("--speak", photo())
    assert voices["options"] == {
        "offline": True,
        "rate": 300,
        "volume": 40,
        "language": "pt-BR",
        "voice": "auto",
    }
    describe("--speak", "--online", photo())
    assert voices["options"]["voice"] == "own"  # Google's is meant


def test_damaged_settings_are_reported_once_and_the_defaults_used(
    describe, photo, voices, settings_file
):
    settings_file.write_text("online = = true\n")
    status, out, err = describe("--speak", photo())
    assert (status, len(out), len(err)) == (0, 1, 1)
    assert "settings.toml.damaged" in err[0]
    assert voices["options"]["offline"] is True
    assert describe("--speak", photo())[2] == []


def test_the_rate_of_the_settings_is_heard_in_a_saved_file(
    describe, photo, settings_file, tmp_path
):
    lengths = []
    for rate in (100, 400):
        settings_file.write_text(f"rate = {rate}\n")
        file = tmp_path / f"{rate}.wav"
        describe("--save-speech", file, photo())
        with wave.open(str(file)) as sound:
            lengths.append(sound.getnframes())
    assert lengths[0] > 1.5 * lengths[1]


def test_without_speech_no_speaker_is_made(describe, photo, monkeypatch):
    def fail(**_: object) -> None:
        raise AssertionError("a speaker was made")

    monkeypatch.setattr(speech, "make_speaker", fail)
    assert describe(photo())[0] == 0


def test_speech_that_cannot_be_heard_is_reported_once_and_is_not_a_failure(
    describe, photo, no_sound_card, monkeypatch
):
    with gtts_service.service() as google:
        monkeypatch.setenv("IMAGE_DESCRIBER_GTTS_ADDRESS", google.address)
        status, out, err = describe("--speak", "--online", photo("a.jpg"), photo("b.jpg", (90, 60)))
    assert status == 0
    assert len(out) == 2
    assert len(err) == 1
    assert "sound output" in err[0]
    assert google.texts == []  # nobody would have heard it


@pytest.mark.parametrize("suffix", [".WAV", ".mp3"])
def test_saved_speech(describe, photo, tmp_path, suffix):
    file = tmp_path / f"spoken{suffix}"
    status, out, err = describe("--save-speech", file, photo())
    assert (status, err, len(out)) == (0, [], 1)
    content = file.read_bytes()
    assert len(content) > 5_000
    assert content[:4] == b"RIFF" if suffix == ".WAV" else content[0] in (0xFF, 0x49)
    assert not list(tmp_path.glob(".*")), "a temporary file was left"


def test_all_sentences_are_saved_into_one_file(describe, photo, tmp_path):
    pictures = [photo(f"{i}.jpg", (60 + 20 * i, 90)) for i in range(3)]
    lengths = []
    for count in (1, 3):
        file = tmp_path / f"{count}.wav"
        describe("--save-speech", file, *pictures[:count])
        with wave.open(str(file)) as sound:
            lengths.append(sound.getnframes())
    assert lengths[1] > 1.8 * lengths[0] > 0


def test_only_the_sentence_is_sent_for_saved_speech(describe, photo, tmp_path, monkeypatch):
    file = tmp_path / "spoken.mp3"
    with gtts_service.service() as google:
        monkeypatch.setenv("IMAGE_DESCRIBER_GTTS_ADDRESS", google.address)
        status, out, err = describe("--online", "--save-speech", file, photo("secret name.jpg"))
    assert (status, err) == (0, [])
    assert letters(*google.texts) == letters(out[0])
    assert "secret" not in "".join(google.bodies)
    assert file.read_bytes() == google.sound * len(google.texts)


@pytest.mark.parametrize("name", ["spoken.ogg", "spoken", "missing/spoken.wav", "folder.wav"])
def test_an_impossible_sound_file_is_refused_before_any_work(describe, photo, tmp_path, name):
    (tmp_path / "folder.wav").mkdir()
    status, out, err = describe("--save-speech", tmp_path / name, photo())
    assert (status, out, len(err)) == (2, [], 1)
    assert "--save-speech" in err[0]


def test_a_sound_file_that_cannot_be_written_is_a_failure(
    describe, photo, voices, tmp_path, monkeypatch
):
    def refuse(*_: object, **_options: object) -> str:
        raise SpeechError("No space is left.", "Delete something.")

    monkeypatch.setattr(speech.Speaker, "save", refuse)
    status, out, err = describe("--save-speech", tmp_path / "a.wav", photo())
    assert (status, len(out), len(err)) == (2, 1, 1)
    assert "was not written. No space is left. Delete something." in err[0]


def test_nothing_is_saved_if_there_is_nothing_to_say(describe, tmp_path):
    file = tmp_path / "a.wav"
    status, _, err = describe("--save-speech", file, tmp_path / "missing.jpg")
    assert (status, len(err)) == (2, 2)
    assert not file.exists()


def test_a_capture_is_taken_after_the_delay_and_has_no_file(describe, photo, monkeypatch):
    captured = []

    def capture(*, window):
        captured.append(window)
        with Image.open(photo()) as image:
            return image.copy()

    waited = []
    monkeypatch.setattr(time, "sleep", waited.append)
    monkeypatch.setattr(screen_capture, "capture", capture)
    _, (expected,), _ = describe(photo())
    status, out, err = describe("--screen")
    assert (status, out, err, captured, waited) == (0, [expected], [], [False], [0, 0])
    _, (line,), _ = describe("--window", "--json", "--delay", "3")
    assert (json.loads(line)["file"], captured[1:], waited[2:]) == (None, [True], [3])


def test_a_refused_capture_is_told_and_spoken_offline(describe, voices, monkeypatch):
    def refuse(*, window):
        raise ScreenError("The screen is black.", "Turn it on.")

    monkeypatch.setattr(screen_capture, "capture", refuse)
    status, out, err = describe("--screen", "--speak", "--online")
    assert (status, out, err) == (2, [], ["image-describer: The screen is black. Turn it on."])
    assert [text for text, _ in voices["espeak"].spoken] == ["The screen is black. Turn it on."]
    assert voices["gtts"].spoken == []


def test_a_file_on_the_clipboard(describe, photo, monkeypatch):
    path = str(photo())
    monkeypatch.setattr(clipboard, "read", lambda: path)
    _, (line,), _ = describe("--clipboard", "--json")
    assert json.loads(line)["file"] == path
    monkeypatch.setattr(clipboard, "read", photo().read_bytes)
    _, (line,), _ = describe("--clipboard", "--json")
    assert json.loads(line)["file"] is None
    monkeypatch.setattr(clipboard, "read", lambda: b"nothing")
    status, out, err = describe("--clipboard")
    assert (status, out) == (2, [])
    assert err[0].startswith(
        "image-describer: I can't open this kind of file. It is text. I can open JPEG,"
    )


@pytest.mark.parametrize("options", [(), ("--screen", "--window"), ("--screen", "a.jpg")])
def test_either_files_or_one_capture(describe, options):
    status, out, (err,) = describe(*options)
    assert (status, out) == (2, [])
    assert err.startswith("image-describer describe: ")


@pytest.mark.gui
def test_an_empty_screen_and_clipboard(describe, screen, monkeypatch):
    for name in ("WAYLAND_DISPLAY", "XDG_SESSION_TYPE"):
        monkeypatch.delenv(name, raising=False)
    status, out, (err,) = describe("--screen")
    assert (status, out) == (2, [])
    assert err.startswith("image-describer: The screen is black: a screen curtain may be on.")
    screen.clear_clipboard()
    status, out, (err,) = describe("--clipboard")
    assert (status, out) == (2, [])
    assert err == "image-describer: There's no picture on the clipboard."
