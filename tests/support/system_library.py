"""Stands in for a library of another system, which ctypes would load."""

from collections.abc import Callable


class FakeLibrary:
    """A system library whose functions are given by name."""

    def __init__(self, **functions: Callable[..., object]) -> None:
        for name, function in functions.items():
            setattr(self, name, function)
