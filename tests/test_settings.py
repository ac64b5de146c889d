"""The settings: allowed values, and a file that survives damage, other versions and races."""

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
    is_allowed,
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
    look="dark",
    text_size=250,
    keep_history=False,
    watch=True,
    watched_folder="/home/ann/Bilder",
    recent_folders=("/home/ann/Käse", 'C:\\photos "new"\n'),
)


@pytest.fixture
def file(tmp_path: Path) -> SettingsFile:
    return SettingsFile(tmp_path / "settings.toml")


def any_settings() -> st.SearchStrategy[Settings]:
    """Settings with any allowed values."""
    kinds: dict[str, st.SearchStrategy[Any]] = {}
    for name, setting in SETTINGS.items():
        if setting.kind == "switch":
            kinds[name] = st.sampled_from([True, False, *([None] if setting.may_be_none else [])])
        elif setting.kind == "number":
            kinds[name] = st.integers(setting.low, setting.high)
        elif setting.kind == "choice":
            kinds[name] = st.sampled_from(sorted(setting.choices))
        elif setting.kind == "language":
            kinds[name] = st.from_regex(r"[a-z]{2}(-[A-Za-z]{2,4})?", fullmatch=True)
        elif setting.kind == "folder":
            kinds[name] = st.text().filter(lambda text: is_allowed("watched_folder", text))
        else:
            texts = st.text(min_size=1).filter(lambda text: is_allowed("recent_folders", (text,)))
            kinds[name] = st.lists(texts, max_size=RECENT_FOLDERS_LIMIT).map(tuple)
    return st.builds(Settings, **kinds)


def assert_valid(settings: Settings) -> None:
    for name in SETTINGS:
        assert is_allowed(name, getattr(settings, name)), name


def test_the_table_describes_every_field_and_the_defaults_are_allowed() -> None:
    assert list(SETTINGS) == [field.name for field in dataclasses.fields(Settings)]
    assert_valid(Settings())
    assert len({setting.label for setting in SETTINGS.values()}) == len(SETTINGS)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("online", 1),
        ("hedging", None),
        ("rate", True),
        ("rate", 175.0),
        ("rate", 79),
        ("rate", 601),
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
        ("watched_folder", "/\udcff"),
        ("watched_folder", None),
        ("recent_folders", "/home"),
        ("recent_folders", ("/a",) * (RECENT_FOLDERS_LIMIT + 1)),
    ],
)
def test_a_value_that_is_not_allowed_is_not_saved(
    file: SettingsFile, name: str, value: object
) -> None:
    assert not is_allowed(name, value)
    with pytest.raises(SettingsError, match=SETTINGS[name].label):
        file.save(dataclasses.replace(Settings(), **{name: value}))  # type: ignore[arg-type]
    assert not file.path.exists()


def test_recent_folders_are_unique_limited_and_newest_first() -> None:
    settings = Settings()
    for number in range(RECENT_FOLDERS_LIMIT + 5):
        settings = settings.with_folder(f"/{number}")
    assert len(settings.recent_folders) == RECENT_FOLDERS_LIMIT
    settings = settings.with_folder("/9").with_folder("/\udcff")
    assert settings.recent_folders[:2] == ("/9", "/14")
    assert settings.recent_folders.count("/9") == 1


def test_without_a_file_the_defaults_are_used(file: SettingsFile) -> None:
    assert file.load() == Settings()
    assert file.warning == ""
    assert not file.path.exists()


@given(settings=any_settings())
def test_saved_settings_are_loaded(tmp_path_factory: Any, settings: Settings) -> None:
    file = SettingsFile(tmp_path_factory.mktemp("saved") / "settings.toml")
    file.save(settings)
    assert file.load() == settings
    assert file.warning == ""


def test_the_file_is_private_and_no_temporary_file_is_left(file: SettingsFile) -> None:
    file.save(CHANGED)
    file.save(Settings())
    assert [path.name for path in file.path.parent.iterdir()] == ["settings.toml"]
    if os.name == "posix":
        assert stat.S_IMODE(file.path.stat().st_mode) == 0o600


@given(content=st.binary(max_size=2000))
def test_any_bytes_load_as_valid_settings(tmp_path_factory: Any, content: bytes) -> None:
    _check_any_content(tmp_path_factory, content)


@given(data=st.data(), settings=any_settings())
def test_a_file_with_any_damage_loads_as_valid_settings(
    tmp_path_factory: Any, data: st.DataObject, settings: Settings
) -> None:
    intact = SettingsFile(tmp_path_factory.mktemp("intact") / "settings.toml")
    intact.save(settings)
    content = intact.path.read_bytes()
    begin = data.draw(st.integers(0, len(content)))
    end = data.draw(st.integers(begin, len(content)))
    damage = data.draw(st.binary(max_size=20))
    _check_any_content(tmp_path_factory, content[:begin] + damage + content[end:])


@given(
    table=st.dictionaries(
        st.sampled_from(sorted(SETTINGS)),
        st.sampled_from(["1", "-1", "nan", "true", '"x"', '["a", 1]', "{}", "9" * 5000]),
    )
)
def test_any_values_load_as_valid_settings(tmp_path_factory: Any, table: dict[str, str]) -> None:
    text = "".join(f"{name} = {value}\n" for name, value in table.items())
    _check_any_content(tmp_path_factory, text.encode())


def _check_any_content(tmp_path_factory: Any, content: bytes) -> None:
    """Loading never raises, loses nothing, and warns once."""
    file = SettingsFile(tmp_path_factory.mktemp("any") / "settings.toml")
    file.path.write_bytes(content)
    settings = file.load()
    assert_valid(settings)
    if file.warning:
        assert settings == Settings()
        assert file.path.with_name("settings.toml.damaged").read_bytes() == content
    else:
        assert file.path.read_bytes() == content
    assert file.load() == settings
    assert file.warning == ""


def test_a_damaged_file_is_set_aside_and_the_defaults_are_used(file: SettingsFile) -> None:
    file.path.write_text("rate = 200\nvolume = = 3\n")
    assert file.load() == Settings()
    assert file.warning == (
        "The settings file is damaged. The defaults are used, and the old file is now "
        "settings.toml.damaged."
    )
    assert not file.path.exists()


def test_a_value_that_is_not_allowed_counts_as_damage(file: SettingsFile) -> None:
    file.path.write_text("rate = 9000\nvolume = 30\n")
    assert file.load() == Settings()
    assert file.warning.startswith('The settings file has a value for "Rate" that is not allowed.')


def test_a_damaged_file_behind_a_link_is_set_aside(tmp_path: Path) -> None:
    target = tmp_path / "dotfiles" / "settings.toml"
    target.parent.mkdir()
    target.write_text("[[[")
    link = tmp_path / "settings.toml"
    link.symlink_to(target)
    file = SettingsFile(link)
    assert file.load() == Settings()
    file.save(CHANGED)
    assert link.is_symlink()
    assert SettingsFile(target).load() == CHANGED


def test_a_damaged_file_does_not_replace_an_earlier_one(file: SettingsFile) -> None:
    for content in (b"= 1", b"= 2", b"= 1"):
        file.path.write_bytes(content)
        file.load()
    kept = {path.name: path.read_bytes() for path in file.path.parent.glob("*.damaged*")}
    assert kept == {"settings.toml.damaged": b"= 1", "settings.toml.damaged-2": b"= 2"}


def test_saving_over_a_file_that_was_damaged_meanwhile_keeps_a_copy(file: SettingsFile) -> None:
    file.load()
    file.path.write_bytes(b"[[[")
    file.save(CHANGED)
    assert file.load() == CHANGED
    assert file.path.with_name("settings.toml.damaged").read_bytes() == b"[[["


def test_entries_of_a_newer_version_are_kept(file: SettingsFile) -> None:
    file.path.write_text(
        'rate = 200\nscent = "pine"\n[future]\nsince = 2031-01-01\ndepth = [1, 2]\n'
    )
    settings = file.load()
    assert settings == Settings(rate=200)
    assert file.warning == ""
    file.save(CHANGED)
    text = file.path.read_text(encoding="utf-8")
    for kept in ('scent = "pine"', "[future]", "since = 2031-01-01"):
        assert kept in text
    assert file.load() == CHANGED


@pytest.mark.parametrize("deep", ["x = " + "[" * 9000 + "]" * 9000, ".".join("a" * 9000) + " = 1"])
def test_deep_nesting_counts_as_damage(file: SettingsFile, deep: str) -> None:
    file.path.write_text(f"rate = 200\n{deep}\n")
    assert file.load() == Settings()
    assert file.warning
    file.save(CHANGED)
    assert file.load() == CHANGED


def test_a_bom_and_carriage_returns_are_accepted(file: SettingsFile) -> None:
    file.path.write_bytes(b"\xef\xbb\xbfrate = 200\r\nvolume = 5\r\n")
    assert file.load() == Settings(rate=200, volume=5)
    assert file.warning == ""


def test_a_change_by_another_window_is_kept(file: SettingsFile) -> None:
    file.save(Settings())
    other = SettingsFile(file.path)
    other.save(dataclasses.replace(other.load(), rate=300))
    file.save(dataclasses.replace(Settings(), volume=40))
    assert file.load() == Settings(rate=300, volume=40)


def test_a_file_that_is_too_large_is_not_read_but_kept(file: SettingsFile) -> None:
    file.path.write_bytes(b"#" * (FILE_LIMIT_BYTES + 1))
    assert file.load() == Settings()
    assert "256,001 bytes" in file.warning
    file.save(CHANGED)
    assert file.load() == CHANGED
    damaged = file.path.with_name("settings.toml.damaged")
    assert damaged.stat().st_size == FILE_LIMIT_BYTES + 1


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="only POSIX has named pipes")
def test_a_named_pipe_does_not_block(file: SettingsFile) -> None:
    os.mkfifo(file.path)
    assert file.load() == Settings()
    assert file.warning
    with pytest.raises(SettingsError, match="it is not a file"):
        file.save(CHANGED)


def test_a_folder_in_place_of_the_file(file: SettingsFile) -> None:
    file.path.mkdir()
    assert file.load() == Settings()
    assert file.warning
    with pytest.raises(SettingsError, match="can't be saved"):
        file.save(CHANGED)
    assert [path.name for path in file.path.parent.iterdir()] == ["settings.toml"]


def test_a_config_folder_that_cannot_be_created(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "taken").write_text("")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "taken" / "under"))
    monkeypatch.setattr(
        "image_describer.paths.config_folder",
        lambda **_: (tmp_path / "taken" / "under").mkdir(parents=True),
    )
    file = SettingsFile()
    assert file.load() == Settings()
    assert "can't be read" in file.warning
    with pytest.raises(SettingsError) as caught:
        file.save(CHANGED)
    assert "until the program ends" in str(caught.value)


def test_the_default_path_is_in_the_config_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("image_describer.paths.config_folder", lambda **_: tmp_path)
    SettingsFile().save(CHANGED)
    assert SettingsFile(tmp_path / "settings.toml").load() == CHANGED


def test_a_full_disk_keeps_the_old_file(
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
    assert [path.name for path in file.path.parent.iterdir()] == ["settings.toml"]


def test_a_link_to_the_file_stays_a_link(tmp_path: Path) -> None:
    real = tmp_path / "dotfiles" / "mine.toml"
    SettingsFile(real).save(Settings())
    link = tmp_path / "settings.toml"
    link.symlink_to(real)
    SettingsFile(link).save(CHANGED)
    assert link.is_symlink()
    assert SettingsFile(real).load() == CHANGED


def test_two_processes_that_save_leave_a_valid_file(file: SettingsFile) -> None:
    code = (
        "import sys; from pathlib import Path; from image_describer.settings import *\n"
        "file = SettingsFile(Path(sys.argv[1]))\n"
        "for rate in range(80, 130): file.save(Settings(rate=rate, recent_folders=('/x',) * 9))\n"
    )
    command = [sys.executable, "-c", code, str(file.path)]
    writers = [subprocess.Popen(command, stderr=subprocess.PIPE) for _ in range(2)]
    seen = set()
    while any(writer.poll() is None for writer in writers):
        seen.add(file.load().rate)
        assert file.warning == ""
    assert [writer.communicate()[1] for writer in writers] == [b"", b""]
    assert file.load().rate == 129
    assert len(seen) > 1
    assert [path.name for path in file.path.parent.iterdir()] == ["settings.toml"]


def test_high_contrast_of_an_older_file_becomes_the_look(file: SettingsFile) -> None:
    file.path.write_text("high_contrast = true\n")
    settings = file.load()
    assert settings.look == "high contrast"
    file.save(dataclasses.replace(settings, look="dark"))
    assert file.load().look == "dark"
    assert "high_contrast" not in file.path.read_text()
    file.path.write_text("high_contrast = false\n")
    assert file.load().look == "system"
