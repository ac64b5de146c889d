"""The rate and the volume of the system's speech are taken over until the user sets others."""

from pathlib import Path

import pytest

from image_describer import system_voice
from image_describer.settings import Settings, SettingsFile


@pytest.mark.parametrize(
    ("content", "settings"),
    [
        ("DefaultRate 100\nDefaultVolume 100", {"rate": 450, "volume": 100}),
        ("  DefaultRate   50", {"rate": 310}),
        ("DefaultRate 0", {"rate": 170}),
        ("DefaultRate -100\nDefaultVolume 0", {"rate": 80, "volume": 50}),
        ("DefaultRate 999", {"rate": 450}),
        ("# DefaultRate 50\nDefaultRateX 3\nDefaultRate fast\nDefaultVoiceType x", {}),
        ("", {}),
    ],
)
def test_a_configuration_of_speech_dispatcher(content: str, settings: dict[str, int]) -> None:
    assert system_voice.parse(content) == settings


def test_what_the_user_has_set_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    system = tmp_path / "speechd.conf"
    system.write_text("DefaultRate 50\nDefaultVolume 50\n")
    monkeypatch.setattr(system_voice, "FILES", (tmp_path / "missing.conf", system))
    file = SettingsFile(tmp_path / "settings.toml")
    assert file.load() == Settings(rate=310, volume=75)
    file.path.write_text("rate = 200\n")
    assert file.load() == Settings(rate=200, volume=75)
