"""The pool of describing processes: groups of jobs, replaced processes, cancellation."""

import ctypes
import os
import signal
import sys
import threading
from concurrent.futures import wait

import psutil
import pytest

from image_describer.errors import (
    BundleError,
    ItemTimeoutError,
    PictureError,
    ProcessDiedError,
    WorkerError,
)
from image_describer.workers import pool as pool_module
from image_describer.workers import worker
from image_describer.workers.pool import Pool, PoolEvents
from tests.support import worker_accidents
from tests.support.screen import wait_for
from tests.support.system_library import FakeLibrary

LIMIT_S = 60


def echo(describer, items, on_start):
    """Return each item with the size of its group."""
    return [(item, len(items)) for item in items]


def crash(describer, items, on_start):
    """End the process."""
    os.kill(os.getpid(), signal.SIGKILL)


def crash_in_groups(describer, items, on_start):
    """End the process if the group has several items."""
    on_start(worker.ALL)
    if len(items) > 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return items


def hang(describer, items, on_start):
    """Never return."""
    threading.Event().wait()


def refuse(describer, items, on_start):
    """Raise an error of the program."""
    raise PictureError("This is not a picture.")


class Counts(PoolEvents):
    """Counts what a pool reports."""

    def __init__(self):
        self.lost, self.timed_out = 0, 0

    def process_lost(self, timed_out):
        self.lost += 1
        self.timed_out += timed_out


@pytest.fixture
def events():
    return Counts()


@pytest.fixture(scope="module")
def shared(tiny_bundle):
    """A pool of one process. Tests must not end its process."""
    pool = Pool(tiny_bundle, 1)
    yield pool
    pool.close()


def test_a_job_gets_its_result(shared):
    assert shared.submit(echo, "a").result(LIMIT_S) == ("a", 1)


def test_an_error_of_the_function_reaches_the_future(shared):
    with pytest.raises(PictureError, match="not a picture"):
        shared.submit(refuse, "a").result(LIMIT_S)


def test_groupable_jobs_are_grouped_and_others_are_not(shared):
    shared.submit(echo, "first").result(LIMIT_S)
    grouped = list(
        shared.map(echo, iter(enumerate("abcdefghijklmnopqrstuvwxyz")), threading.Event())
    )
    assert sorted(number for number, _ in grouped) == list(range(26))
    assert max(size for _, (_, size) in grouped) > 1
    singles = [shared.submit(echo, letter) for letter in "abcd"]
    assert [future.result(LIMIT_S) for future in singles] == [(letter, 1) for letter in "abcd"]


def test_map_reads_a_few_groups_ahead_and_stops_when_cancelled(shared):
    cancel, taken = threading.Event(), []

    def numbers():
        for number in range(100_000):
            taken.append(number)
            yield number, number

    done = []
    for number, _ in shared.map(echo, numbers(), cancel):
        done.append(number)
        if len(done) == 20:
            cancel.set()
    assert len(done) < len(taken) <= len(done) + pool_module.PENDING_GROUPS * 12


def test_a_cancelled_future_is_not_worked_on(tiny_bundle):
    pool = Pool(tiny_bundle, 1)
    first, second = pool.submit(echo, 1), pool.submit(crash, 2)
    assert second.cancel()
    assert first.result(LIMIT_S) == (1, 1)
    assert pool.submit(echo, 3).result(LIMIT_S) == (3, 1)
    pool.close()


def test_an_item_that_kills_its_process_is_tried_twice_and_others_are_finished(tiny_bundle, events):
    pool = Pool(tiny_bundle, 1, events=events)
    bad, good = pool.submit(crash, "bad"), pool.submit(echo, "good")
    with pytest.raises(ProcessDiedError, match="SIGKILL"):
        bad.result(LIMIT_S)
    assert good.result(LIMIT_S) == ("good", 1)
    assert events.lost == pool_module.ATTEMPTS_LIMIT
    pool.close()


def test_items_of_a_group_are_retried_one_by_one_after_a_crash(tiny_bundle, events):
    pool = Pool(tiny_bundle, 1, events=events)
    futures = [pool.submit(crash_in_groups, item, groupable=True) for item in range(4)]
    assert [future.result(LIMIT_S) for future in futures] == list(range(4))
    assert events.lost >= 1
    pool.close()


def test_an_item_that_takes_too_long_fails(tiny_bundle, events):
    pool = Pool(tiny_bundle, 1, item_limit_s=1.0, events=events)
    slow, good = pool.submit(hang, "slow"), pool.submit(echo, "good")
    with pytest.raises(ItemTimeoutError):
        slow.result(LIMIT_S)
    assert good.result(LIMIT_S) == ("good", 1)
    assert events.timed_out == 1
    pool.close()


def test_an_idle_process_that_is_killed_is_replaced(tiny_bundle):
    pool = Pool(tiny_bundle, 1)
    pool.start()
    pool.submit(echo, 1).result(LIMIT_S)
    (before,) = pool.pids
    os.kill(before, signal.SIGKILL)
    assert pool.submit(echo, 2).result(LIMIT_S) == (2, 1)
    wait_for(lambda: pool.pids and before not in pool.pids, 20, "another process")
    pool.close()


def test_closing_ends_processes_and_fails_jobs(tiny_bundle):
    pool = Pool(tiny_bundle, 1)
    pool.submit(echo, 1).result(LIMIT_S)
    processes = [psutil.Process(pid) for pid in pool.pids]
    futures = [pool.submit(hang, 1), pool.submit(echo, 2)]
    pool.close()
    wait(futures, LIMIT_S)
    assert all(isinstance(future.exception(), WorkerError) for future in futures)
    assert not psutil.wait_procs(processes, timeout=10)[1]
    with pytest.raises(WorkerError):
        pool.submit(echo, 3)
    pool.close()


def test_processes_that_do_not_start_are_reported(tiny_bundle, monkeypatch):
    monkeypatch.setattr(worker, "main", worker_accidents.exit_at_start)
    pool = Pool(tiny_bundle, 1)
    with pytest.raises(WorkerError, match=r"don't start \(exit status 7\)"):
        pool.submit(echo, 1).result(LIMIT_S)
    pool.close()


def test_a_model_that_cannot_be_loaded_is_reported(tmp_path):
    pool = Pool(tmp_path, 1)
    with pytest.raises(BundleError):
        pool.submit(echo, 1).result(LIMIT_S)
    pool.close()


def test_low_priority_lets_others_go_first(tiny_bundle):
    pool = Pool(tiny_bundle, 1, low_priority=True)
    pool.submit(echo, 1).result(LIMIT_S)
    on_windows = sys.platform == "win32"
    expected = worker.BELOW_NORMAL_PRIORITY_CLASS if on_windows else worker.NICENESS
    assert psutil.Process(pool.pids[0]).nice() == expected
    pool.close()


def test_low_priority_on_windows(monkeypatch):
    calls = []
    kernel32 = FakeLibrary(
        GetCurrentProcess=lambda: -1,
        SetPriorityClass=lambda process, priority: calls.append((process, priority)),
    )
    monkeypatch.setattr(ctypes, "CDLL", {"kernel32": kernel32}.__getitem__)
    worker.let_others_go_first("win32")
    assert calls == [(-1, 0x4000)]
