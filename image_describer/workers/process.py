"""A process that describes pictures for a batch, and may die of one without harm to the others.

It is told numbers and files, several at a time, and answers with what it looks at and then with
their records. It ends when the process that started it does.
"""

import os
import signal
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from image_describer.stdio import silence_output

Task = tuple[int, str]
"""A number that the batch knows a picture by, and its absolute path."""

GENTLE = 10  # of 19: what is left to it beside a program that wants all is a tenth of a core

NUMPY_THREADS = "OPENBLAS_NUM_THREADS"

READY, FAILED, AT, DONE = "ready", "failed", "at", "done"
NONE_ALONE = -1  # in place of a number: all have been looked at, their captions are being sought


def main(pipe: Connection, bundle: Path | None, gently: bool = False) -> None:
    """Describe what comes through ``pipe`` until it is closed.

    ``gently``: so that whatever else the computer does comes first, where the system can do that.
    """
    if gently and hasattr(os, "nice"):
        os.nice(GENTLE)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C reaches every process; one answers
    silence_output()
    try:
        _work(pipe, bundle)
    except (EOFError, OSError):  # nobody is there any more
        os._exit(0)


def _work(pipe: Connection, bundle: Path | None) -> None:
    from image_describer.captioner.describer import Describer
    from image_describer.errors import ImageDescriberError
    from image_describer.library.describe_files import describe_files

    try:
        describer = Describer(bundle, threads=1)
        if describer.has_joint_space:
            _ = describer.joint_space
    except ImageDescriberError as error:
        pipe.send((FAILED, error))
        return
    pipe.send((READY, None))
    while True:
        tasks: list[Task] = pipe.recv()
        numbers = [number for number, _ in tasks]

        def at(place: int, numbers: list[int] = numbers) -> None:
            pipe.send((AT, numbers[place] if place >= 0 else NONE_ALONE))

        records = describe_files(describer, [file for _, file in tasks], at)
        answer: Any = list(zip(numbers, records, strict=True))
        pipe.send((DONE, answer))
