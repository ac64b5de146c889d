"""Fixtures shared by several tests."""

import os
import signal
from pathlib import Path

import hypothesis
import pytest

from tests.support import tiny
from tests.support.screen import app, screen, small_screen, small_server  # noqa: F401
from tests.support.service import library, service  # noqa: F401
from tests.support.session_bus import session_bus  # noqa: F401
from tests.support.sound import no_sound_card, null_sink  # noqa: F401
from tests.support.spoken import spoken  # noqa: F401
from tests.support.window import drive, eager, photo  # noqa: F401

# Failures that a busy machine can cause: an event that came too late, or a server that hangs.
TIMEOUTS = ["timed out", "TimeoutExpired", "did not start", "records nothing"]
RERUNS = 2

# Tests compare English sentences, whatever language the system has.
os.environ["LANGUAGE"] = "en"

# No test depends on how long an example takes: a busy machine is no fault of the program.
hypothesis.settings.register_profile("any machine", deadline=None)
hypothesis.settings.load_profile("any machine")

# A pytest-xdist worker ignores Ctrl+C, and the programs that tests start would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run tests of the window, sound or browser again after a timeout, never a wrong answer."""
    for item in items:
        if any(item.get_closest_marker(name) for name in ("gui", "sound", "browser")):
            item.add_marker(pytest.mark.flaky(reruns=RERUNS, only_rerun=TIMEOUTS))


@pytest.fixture(scope="session")
def tiny_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """24 small pictures in Flickr8k's layout."""
    return tiny.make_data(tmp_path_factory.mktemp("tiny") / "data")


@pytest.fixture(scope="session")
def tiny_run(request: pytest.FixtureRequest) -> Path:
    """The folder of one run of all stages by the real command: see `tiny.trained`.

    Kept in pytest's cache until the code or the recipe changes. Tests that change it work on a
    copy. Needs TensorFlow, so only tests of training use it.
    """
    return tiny.trained(request.config.cache.mkdir("tiny"))


@pytest.fixture(scope="session")
def tiny_bundle() -> Path:
    """The tiny bundle in tests/fixtures. Tests that damage it work on a copy."""
    return tiny.BUNDLE


@pytest.fixture(scope="session")
def shipped_bundle() -> Path:
    """The bundle that the program ships with."""
    folder = tiny.REPO / "models"
    assert (folder / "manifest.json").is_file(), "models/ holds no bundle: git checkout -- models"
    return folder
