"""The lock that keeps a second process from computing the same features."""

import multiprocessing
import os
import signal
import time

import pytest

from image_describer.train.features.locks import only_one


def _hold(path, held, seconds):
    with only_one(path, lambda: None):
        held.set()
        time.sleep(seconds)


@pytest.mark.slow
@pytest.mark.parametrize("killed", [False, True])
def test_a_second_process_waits_and_a_dead_one_holds_nothing(tmp_path, killed):
    context = multiprocessing.get_context("spawn")
    held = context.Event()
    holder = context.Process(target=_hold, args=(tmp_path / "lock", held, 60 if killed else 1.0))
    holder.start()
    assert held.wait(60)
    waited = []

    def on_wait():
        waited.append(1)
        if killed:
            os.kill(holder.pid, getattr(signal, "SIGKILL", signal.SIGTERM))

    with only_one(tmp_path / "lock", on_wait):
        assert waited == [1]
    holder.join(30)
    assert not holder.is_alive()
