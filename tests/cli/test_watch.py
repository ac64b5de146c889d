"""``watch``: what it prints and speaks, how it ends, and the folders that it refuses."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from image_describer import speech
from image_describer.captioner.description import Description
from image_describer.errors import ScanError
from image_describer.library import watch
from image_describer.library.record import Record
from image_describer.speech.voices.silent import SilentVoice
from tests.support.pictures import photograph
from tests.support.unprivileged import drop_root_access

CODE = "import sys; from image_describer.cli.main import main; sys.exit(main())"
LIMIT_S = 60
DOG = Description("a dog in the snow", 0.8, file="/p/a.jpg", alt_text="Rex")
EVENTS = [
    watch.FolderFound("/p", is_back=False),
    Record("/p/a.jpg", "", DOG),
    Record("/p/bad.jpg", "", error="The file is empty."),
    watch.PictureBurst(50, more=False),
    watch.FolderLost(ScanError("The folder is not there.", "It is waited for.")),
    watch.FolderFound("/p", is_back=True),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "watched"
    path.mkdir()
    return path


@pytest.fixture
def start(own_folders: dict[str, str], tiny_bundle: Path, folder: Path):
    """``start("--json")`` watches the folder in a process, and returns it once it watches."""
    processes = []

    def start_process(*words: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", CODE, "watch", *words, str(folder)],
            env={**os.environ, **own_folders, "IMAGE_DESCRIBER_BUNDLE": str(tiny_bundle)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        processes.append(process)
        limit = threading.Timer(LIMIT_S, process.kill)  # readline has no limit
        limit.daemon = True
        limit.start()
        assert process.stderr is not None
        assert process.stderr.readline() == 'Watching the folder "watched". Ctrl+C ends it.\n'
        return process

    yield start_process
    for process in processes:
        process.kill()
        process.communicate()


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command sees EVENTS, and then Ctrl+C."""

    def events(_self: watch.FolderWatcher) -> Iterator[watch.WatchEvent]:
        yield from EVENTS
        raise KeyboardInterrupt

    monkeypatch.setattr(watch.FolderWatcher, "events", events)


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")
def test_a_new_picture_is_a_line_and_control_c_is_quiet(start, folder: Path) -> None:
    process = start()
    photograph().save(folder / "a.jpg")
    line = process.stdout.readline()
    assert line.endswith(". (a.jpg)\n")
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=LIMIT_S) == ("", "")
    assert process.returncode == 130


def test_json_has_an_object_for_every_picture(start, folder: Path) -> None:
    process = start("--json")
    names = [f"{number}.png" for number in range(2 * watch.FEW)]
    for name in names:
        photograph(64, 48).save(folder / name)
    records = [json.loads(process.stdout.readline()) for _ in names]
    assert sorted(record["file"] for record in records) == sorted(str(folder / n) for n in names)


def test_what_happens_is_printed(run, tiny_bundle: Path, folder: Path, scripted) -> None:
    status, out, err = run("watch", "--bundle", tiny_bundle, folder)
    assert status == 130
    assert out == [
        "Its author says: Rex. Probably: a dog in the snow. (a.jpg)",
        "50 new pictures.",
    ]
    assert err == [
        'Watching the folder "p". Ctrl+C ends it.',
        "image-describer: /p/bad.jpg: The file is empty.",
        "image-describer: The folder is not there. It is waited for.",
        'The folder "p" is back.',
    ]


def test_what_happens_is_spoken_in_order_and_only_descriptions_go_online(
    run, tiny_bundle: Path, folder: Path, scripted, monkeypatch
) -> None:
    voices = {name: SilentVoice(name=name) for name in ("gtts", "espeak")}
    voices["gtts"].online = True
    speakers = []

    def make_speaker(**options: object) -> speech.Speaker:
        speakers.append(speech.Speaker(list(voices.values()), **options))
        return speakers[-1]

    monkeypatch.setattr(speech, "make_speaker", make_speaker)
    # Ctrl+C drops what was not spoken yet.
    monkeypatch.setattr(speech.Speaker, "stop", lambda self: self.wait(LIMIT_S))
    run("watch", "--speak", "--online", "--bundle", tiny_bundle, folder)
    assert [text for text, _ in voices["gtts"].spoken] == ["Probably: a dog in the snow."]
    assert [text for text, _ in voices["espeak"].spoken] == [
        'Watching the folder "p".',
        "Its author says: Rex.",
        "The file is empty.",
        "50 new pictures.",
        "The folder is not there. It is waited for.",
        'The folder "p" is back.',
    ]


@pytest.mark.parametrize(("name", "sentence"), [("missing", "no folder"), ("file", "not a folder")])
def test_what_is_no_folder_is_refused(run, tmp_path: Path, name: str, sentence: str) -> None:
    (tmp_path / "file").touch()
    status, out, err = run("watch", tmp_path / name)
    assert (status, out, len(err)) == (2, [], 1)
    assert sentence in err[0]


@pytest.mark.skipif(sys.platform != "linux", reason="permissions for root, too")
def test_a_folder_that_may_not_be_read_is_refused(folder: Path) -> None:
    folder.chmod(0o111)
    done = subprocess.run(
        [sys.executable, "-c", CODE, "watch", str(folder)],
        preexec_fn=drop_root_access,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (f'image-describer: You are not allowed to read the folder "{folder}".\n')
