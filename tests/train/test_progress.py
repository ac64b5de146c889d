"""Progress where output is no terminal: a line now and then, and no bar."""

import pytest

from image_describer.train import progress
from image_describer.train.progress import Progress


@pytest.fixture
def clock(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


def test_long_work_prints_a_line_a_minute(clock, caplog, capfd):
    caplog.set_level("INFO")
    with Progress("features", 5000, "pictures", initial=1000) as shown:
        for _ in range(300):
            clock[0] += 0.5
            shown.advance(10, "loss 2.5")
    lines = [record.getMessage() for record in caplog.records]
    assert lines == [
        "features: 2,210 of 5,000 pictures, loss 2.5",
        "features: 3,420 of 5,000 pictures, loss 2.5",
    ]
    assert not capfd.readouterr().err


def test_short_work_prints_nothing(clock, caplog, capfd):
    caplog.set_level("INFO")
    assert list(progress.progress([1, 2, 3], "checking", "pictures")) == [1, 2, 3]
    assert not caplog.records
    assert not capfd.readouterr().err
