"""Requests from other threads reach the window's thread, once and in time, or not at all."""

import threading
import tkinter as tk
from collections.abc import Callable, Iterator

import pytest

from image_describer.app.tasks.event_queue import EventQueue
from tests.support.screen import LIMIT_S, Screen
from tests.support.window import KEPT

pytestmark = pytest.mark.gui


@pytest.fixture
def root(screen: Screen) -> Iterator[tk.Tk]:
    root = tk.Tk()
    KEPT.append(root)
    yield root
    root.destroy()


def in_thread(ask: Callable[[], bool], root: tk.Tk | None) -> bool:
    """The answer to ``ask`` from another thread, while ``root``'s loop runs or (None) hangs."""
    answers: list[bool] = []
    thread = threading.Thread(target=lambda: answers.append(ask()))
    thread.start()
    while root is not None and thread.is_alive():
        root.update()
    thread.join(LIMIT_S)
    return answers[0]


def test_requests_are_answered_on_the_windows_thread(root: tk.Tk) -> None:
    received: list[tuple[str, bool]] = []

    def receive(value: str) -> bool:
        received.append((value, threading.current_thread() is threading.main_thread()))
        if value == "bad":
            raise ValueError
        return value == "yes"

    event_queue = EventQueue(root, receive)
    values = ["yes", "no", "bad", "yes"]
    answers = [in_thread(lambda v=value: event_queue.ask(v, LIMIT_S), root) for value in values]
    assert answers == [True, False, False, True]
    assert received == [(value, True) for value in values]
    assert not root.tk.call("after", "info"), "it polls"
    event_queue.close()


def test_a_request_that_a_hanging_window_did_not_accept_is_withdrawn(root: tk.Tk) -> None:
    received: list[str] = []
    event_queue = EventQueue(root, lambda value: bool(received.append(value)))
    assert not in_thread(lambda: event_queue.ask("late", 0.05), None)
    root.update()
    assert received == []
    event_queue.close()
    assert not event_queue.ask("closed", 0.05)
