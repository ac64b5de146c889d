"""The settings: what they may be, and a file that survives damage, other versions and haste."""

import dataclasses
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from image_describer import files
from image_describer.errors import SettingsError
from image_describer.settings import (
    FILE_LIMIT_BYTES,
    RECENT_FOLDERS_LIMIT,
    SETTINGS,
    Settings,
    SettingsFile,
    allowed,
    spoken,
)

CHANGED = Settings(
    online=True,
    speech="results",
    language="pt-BR",
    rate=300,
    volume=40,
    verbosity="full",
    hedging=False,
    key_sounds=True,
    high_contrast=True,
    text_size=250,
    keep_history=False,
    recent_folders=("/home/ann/Käse", 'C:\\photos "new"\n'),
)


@pytest.fixture
def file(tmp_path: Path) -> SettingsFile:
    return SettingsFile(tmp_path / "settings.toml")


def values() -> st.SearchStrategy[Settings]:
    """Any settings that are allowed."""
    kinds: dict[str, st.SearchStrategy[Any]] = {}
    for name, one in SETTINGS.items():
        if one.kind == "switch":
            kinds[name] = st.sampled_from([True, False, *([None] if one.may_be_none else [])])
        elif one.kind == "number":
            kinds[name] = st.integers(one.low, one.high)
        elif one.kind == "choice":
            kinds[name] = st.sampled_from(sorted(one.choices))
        elif one.kind == "language":
            kinds[name] = st.from_regex(r"[a-z]{2}(-[A-Za-z]{2,4})?", fullmatch=True)
        else:
            texts = st.text(min_size=1).filter(lambda text: allowed("recent_folders", (text,)))
            kinds[name] = st.lists(texts, max_size=RECENT_FOLDERS_LIMIT).map(tuple)
    return st.builds(Settings, **kinds)


def assert_valid(settings: Settings) -> None:
    for name in SETTINGS:
        assert allowed(name, getattr(settings, name)), name


def test_the_table_is_about_the_fields_and_the_defaults_are_allowed() -> None:
    assert list(SETTINGS) == [one.name for one in dataclasses.fields(Settings)]
    assert_valid(Settings())
    assert len({one.label for one in SETTINGS.values()}) == len(SETTINGS)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("online", 1),
        ("hedging", None),
        ("rate", True),
        ("rate", 175.0),
        ("rate", 79),
        ("rate", 451),
        ("rate", "175"),
        ("volume", -1),
        ("text_size", 251),
        ("speech", "loud"),
        ("verbosity", ["brief"]),
        ("language", "english please"),
        ("language", ""),
        ("recent_folders", ("",)),
        ("recent_folders", ("/a\0b",)),
        ("recent_folders", ("/\udcff",)),
        ("recent_folders", "/home"),
        ("recent_folders", ("/a",) * (RECENT_FOLDERS_LIMIT + 1)),
    ],
)
def test_what_is_not_allowed_is_not_saved(file: SettingsFile, name: str, value: object) -> None:
    assert not allowed(name, value)
    with pytest.raises(SettingsError, match=SETTINGS[name].label):
        file.save(dataclasses.replace(Settings(), **{name: value}))  # type: ignore[arg-type]
    assert not file.path.exists()


def test_values_are_spoken() -> None:
    assert spoken("rate", 175) == "175 words a minute"
    assert spoken("hedging", False) == "off"
    assert spoken("online", None) == "off"
    assert spoken("speech", "off") == "nothing"


def test_recent_folders_newest_first_each_once_and_only_so_many() -> None:
    settings = Settings()
    for number in range(RECENT_FOLDERS_LIMIT + 5):
        settings = settings.with_folder(f"/{number}")
    assert len(settings.recent_folders) == RECENT_FOLDERS_LIMIT
    settings = settings.with_folder("/9").with_folder("/\udcff")
    assert settings.recent_folders[:2] == ("/9", "/14")
    assert settings.recent_folders.count("/9") == 1


def test_without_a_file_there_are_the_usual_settings(file: SettingsFile) -> None:
    assert file.load() == Settings()
    assert file.trouble == ""
    assert not file.path.exists()


@given(settings=values())
def test_what_is_saved_is_loaded(tmp_path_factory: Any, settings: Settings) -> None:
    file = SettingsFile(tmp_path_factory.mktemp("saved") / "settings.toml")
    file.save(settings)
    assert file.load() == settings
    assert file.trouble == ""


def test_the_file_is_private_and_nothing_else_is_left(file: SettingsFile) -> None:
    file.save(CHANGED)
    file.save(Settings())
    assert [one.name for one in file.path.parent.iterdir()] == ["settings.toml"]
    if os.name == "posix":
        assert stat.S_IMODE(file.path.stat().st_mode) == 0o600


@given(content=st.binary(max_size=2000))
def test_any_bytes_give_valid_settings(tmp_path_factory: Any, content: bytes) -> None:
    _loads_whatever_is_there(tmp_path_factory, content)


@given(data=st.data(), settings=values())
def test_any_damage_gives_valid_settings(
    tmp_path_factory: Any, data: st.DataObject, settings: Settings
) -> None:
    whole = SettingsFile(tmp_path_factory.mktemp("whole") / "settings.toml")
    whole.save(settings)
    content = whole.path.read_bytes()
    begin = data.draw(st.integers(0, len(content)))
    end = data.draw(st.integers(begin, len(content)))
    damage = data.draw(st.binary(max_size=20))
    _loads_whatever_is_there(tmp_path_factory, content[:begin] + damage + content[end:])


@given(
    table=st.dictionaries(
        st.sampled_from(sorted(SETTINGS)),
        st.sampled_from(
            [
                "1",
                "-1",
                "1e9",
                "nan",
                "true",
                '"x"',
                "[]",
                '["a", 1]',
                "{}",
                "1979-05-27",
                "9" * 5000,
            ]
        ),
    )
)
def test_any_values_give_valid_settings(tmp_path_factory: Any, table: dict[str, str]) -> None:
    text = "".join(f"{name} = {value}\n" for name, value in table.items())
    _loads_whatever_is_there(tmp_path_factory, text.encode())


def _loads_whatever_is_there(tmp_path_factory: Any, content: bytes) -> None:
    """Never raises; loses nothing; tells of the damage once."""
    file = SettingsFile(tmp_path_factory.mktemp("any") / "settings.toml")
    file.path.write_bytes(content)
    settings = file.load()
    assert_valid(settings)
    if file.trouble:
        assert file.path.with_name("settings.toml.damaged").read_bytes() == content
    else:
        assert file.path.read_bytes() == content
    assert file.load() == settings
    assert file.trouble == ""


def test_of_a_damaged_file_all_that_is_valid_is_kept(file: SettingsFile) -> None:
    file.save(CHANGED)
    lines = file.path.read_bytes().splitlines(keepends=True)
    broken = [b"rate = 3\xff00\n" if line.startswith(b"rate") else line for line in lines]
    file.path.write_bytes(b"".join(broken))
    assert file.load() == dataclasses.replace(CHANGED, rate=Settings.rate)
    assert file.trouble == (
        "The settings file is damaged; the rest of it was kept, and the old file is now "
        "settings.toml.damaged."
    )


def test_values_out_of_range_are_named_and_the_others_hold(file: SettingsFile) -> None:
    file.path.write_text('rate = 9000\nvolume = 30\nspeech = "loud"\nrecent_folders = ["/a", 3]\n')
    assert file.load() == Settings(volume=30, recent_folders=("/a",))
    assert "(What is spoken, Rate, Recent folders)" in file.trouble


def test_no_damaged_file_replaces_an_earlier_one(file: SettingsFile) -> None:
    for content in (b"= 1", b"= 2", b"= 1"):
        file.path.write_bytes(content)
        file.load()
    kept = {one.name: one.read_bytes() for one in file.path.parent.glob("*.damaged*")}
    assert kept == {"settings.toml.damaged": b"= 1", "settings.toml.damaged-2": b"= 2"}


def test_saving_over_a_file_damaged_meanwhile_loses_nothing(file: SettingsFile) -> None:
    file.load()
    file.path.write_bytes(b"[[[")
    file.save(CHANGED)
    assert file.load() == CHANGED
    assert file.path.with_name("settings.toml.damaged").read_bytes() == b"[[["


def test_what_a_newer_version_wrote_is_kept(file: SettingsFile) -> None:
    file.path.write_text(
        'rate = 200\nscent = "pine"\n[future]\nsince = 2031-01-01\ndepth = [1, 2]\n'
    )
    settings = file.load()
    assert settings == Settings(rate=200)
    assert file.trouble == ""
    file.save(CHANGED)
    text = file.path.read_text(encoding="utf-8")
    for kept in ('scent = "pine"', "[future]", "since = 2031-01-01"):
        assert kept in text
    assert file.load() == CHANGED


@pytest.mark.parametrize("deep", ["x = " + "[" * 9000 + "]" * 9000, ".".join("a" * 9000) + " = 1"])
def test_nesting_is_no_trouble(file: SettingsFile, deep: str) -> None:
    file.path.write_text(f"rate = 200\n{deep}\n")
    assert file.load() == Settings(rate=200)
    file.save(CHANGED)
    assert file.load() == CHANGED


def test_a_mark_and_carriage_returns_are_no_damage(file: SettingsFile) -> None:
    file.path.write_bytes(b"\xef\xbb\xbfrate = 200\r\nvolume = 5\r\n")
    assert file.load() == Settings(rate=200, volume=5)
    assert file.trouble == ""
    file.path.write_bytes(b"\xef\xbb\xbfrate = 200\r\nvolume = 5\r\nspeech =\r\n")
    assert file.load() == Settings(rate=200, volume=5)
    assert file.trouble


def test_a_file_far_too_large_is_not_read_and_not_lost(file: SettingsFile) -> None:
    file.path.write_bytes(b"#" * (FILE_LIMIT_BYTES + 1))
    assert file.load() == Settings()
    assert "256,001 bytes" in file.trouble
    file.save(CHANGED)
    assert file.load() == CHANGED
    damaged = file.path.with_name("settings.toml.damaged")
    assert damaged.stat().st_size == FILE_LIMIT_BYTES + 1


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="only POSIX has named pipes")
def test_a_pipe_in_its_place_hangs_nothing(file: SettingsFile) -> None:
    os.mkfifo(file.path)
    assert file.load() == Settings()
    assert file.trouble
    with pytest.raises(SettingsError, match="it is no file"):
        file.save(CHANGED)


def test_a_folder_in_its_place(file: SettingsFile) -> None:
    file.path.mkdir()
    assert file.load() == Settings()
    assert file.trouble
    with pytest.raises(SettingsError, match="can't be saved"):
        file.save(CHANGED)
    assert [one.name for one in file.path.parent.iterdir()] == ["settings.toml"]


def test_where_there_can_be_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "taken").write_text("")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "taken" / "under"))
    monkeypatch.setattr(
        "image_describer.paths.config_folder",
        lambda: (tmp_path / "taken" / "under").mkdir(parents=True),
    )
    file = SettingsFile()
    assert file.load() == Settings()
    assert "can't be read" in file.trouble
    with pytest.raises(SettingsError) as caught:
        file.save(CHANGED)
    assert "until the program ends" in str(caught.value)


def test_the_usual_place_is_the_folder_of_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("image_describer.paths.config_folder", lambda: tmp_path)
    SettingsFile().save(CHANGED)
    assert SettingsFile(tmp_path / "settings.toml").load() == CHANGED


def test_a_full_disk_leaves_the_old_file(
    file: SettingsFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.save(CHANGED)
    before = file.path.read_bytes()

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(SettingsError, match="No space left on device"):
        file.save(Settings())
    assert file.path.read_bytes() == before
    assert [one.name for one in file.path.parent.iterdir()] == ["settings.toml"]


def test_a_link_to_the_file_stays_a_link(tmp_path: Path) -> None:
    real = tmp_path / "dotfiles" / "mine.toml"
    SettingsFile(real).save(Settings())
    link = tmp_path / "settings.toml"
    link.symlink_to(real)
    SettingsFile(link).save(CHANGED)
    assert link.is_symlink()
    assert SettingsFile(real).load() == CHANGED


def test_two_processes_saving_corrupt_nothing(file: SettingsFile) -> None:
    code = (
        "import sys; from pathlib import Path; from image_describer.settings import *\n"
        "file = SettingsFile(Path(sys.argv[1]))\n"
        "for rate in range(80, 230): file.save(Settings(rate=rate, recent_folders=('/x',) * 9))\n"
    )
    command = [sys.executable, "-c", code, str(file.path)]
    writers = [subprocess.Popen(command, stderr=subprocess.PIPE) for _ in range(2)]
    seen = set()
    while any(writer.poll() is None for writer in writers):
        seen.add(file.load().rate)
        assert file.trouble == ""
    assert [writer.communicate()[1] for writer in writers] == [b"", b""]
    assert file.load().rate == 229
    assert len(seen) > 1
    assert [one.name for one in file.path.parent.iterdir()] == ["settings.toml"]
