"""``image-describer batch``: every picture below some folders, described into one file."""

import argparse
import contextlib
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from image_describer.cli.options import add_bundle

if TYPE_CHECKING:
    from image_describer.library.batch import Outcome, Progress
    from image_describer.library.cluster import ClusterEngine

WORKERS_LIMIT = 64

HELP = """\
Describe every picture below folders into one file, with all cores. What is hidden is left out. The
pictures never leave this computer but for the cluster that --scheduler names, and nothing is
changed in them unless --in-place asks for it.
"""

EXAMPLES = """\
examples:
  image-describer batch ~/Pictures --output pictures.html
      a page to be read in a browser: each picture with its description
  image-describer batch ~/Pictures /mnt/camera --output pictures.csv
      a table for spreadsheets; .jsonl gives one JSON object a line, for programs
  image-describer batch ~/Pictures --output pictures.html --write-alt-text
      and copies in "Pictures with alt text" that other programs can read out

alt text:
  It is what other programs and web pages read out in place of a picture, as if its author had
  written it. So it is written without a hedge, only where no author's stands, and not where the
  description is likely wrong (--unsure) or the picture no photograph. No pixel is touched, and all
  other metadata stays. It goes into JPEG, PNG, WebP and TIFF, as Iptc4xmpCore:AltTextAccessibility.
  A mark beside it tells that it was made by this program, so it is never told as its author's, and
  a newer description replaces it. Who edits the text makes it their own.

progress:
  On a terminal a line says how many are done, how many a second, and the time left; elsewhere a
  line is printed at every tenth. Pictures that can't be described are listed at the end, with the
  reason, and stand in the output, too.

stopping and going on:
  Ctrl+C stops: the output then holds what is done. The same command goes on from there, also after
  the computer was switched off: until the output is complete, a hidden file beside it keeps what
  is done. Pictures that have changed are described again. --restart begins anew.

index:
  What is described also goes into the index that "search" looks through, and what the index knows
  already is not described again. --no-index leaves the index alone.

cluster:
  --scheduler tcp://host:port lets the workers of a Dask cluster describe. Start one with
      dask scheduler
      dask worker tcp://host:8786 --nworkers auto --nthreads 1     (on each machine)
  after pip install "image-describer[cluster]" on all of them: the same version, the same model.
  Of each picture the path goes to a worker, and the whole file where the worker does not see it
  at that path; --send-pictures always sends the file. What a lost worker had is done again.
  Whoever can reach the scheduler can run programs on all machines of the cluster, and on this one:
  use it in a network that you trust, or with tls://host:port and certificates (the --tls options,
  or Dask's own configuration). The pictures then leave this computer, for the cluster alone.

exit status:
  0    every picture was described
  2    some could not be described, or not be given their alt text, or nothing could be done: stderr
       says why
  130  stopped by Ctrl+C
"""


def add_parser(commands: Any) -> None:
    """Add the command to those of the program."""
    from image_describer.library import alt_text_writer

    batch = commands.add_parser(
        "batch",
        help="describe all pictures in folders, into a file",
        description=HELP,
        epilog=EXAMPLES,
    )
    batch.add_argument("folders", nargs="+", metavar="FOLDER", help="a folder, or a picture")
    batch.add_argument(
        "--output",
        required=True,
        metavar="FILE",
        type=Path,
        help="what to write: its name ends in .jsonl, .csv or .html",
    )
    batch.add_argument(
        "--workers",
        metavar="N",
        type=_workers,
        help="processes that describe (default: one a core; each takes 150 MB)",
    )
    _add_cluster(batch)
    batch.add_argument(
        "--restart", action="store_true", help="describe everything, also what was done before"
    )
    batch.add_argument("--no-index", action="store_true", help="leave the index alone")
    add_bundle(batch)
    alt_text_writer.add_options(batch)


def _add_cluster(batch: Any) -> None:
    batch.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="describe with the Dask cluster whose scheduler is at tcp://host:port",
    )
    batch.add_argument(
        "--send-pictures",
        action="store_true",
        help="send the cluster whole files at once, not only where it does not see them",
    )
    for name, what in (
        ("ca", "who signed the cluster's certificates"),
        ("cert", "this computer's certificate"),
        ("key", "the key of that certificate"),
    ):
        batch.add_argument(f"--tls-{name}", metavar="FILE", type=Path, help=f"{what} (PEM)")


def run(options: argparse.Namespace) -> int:
    """Describe ``options.folders`` into ``options.output``; returns the exit status.

    Raises ImageDescriberError for what can't be used, before any work is done.
    """
    from image_describer.cli.console import DONE, INTERRUPTED, REFUSED
    from image_describer.library import alt_text_writer, batch

    alt_texts = alt_text_writer.Job(options, options.folders)
    cancel = threading.Event()
    with _stopped_by_ctrl_c(cancel), contextlib.closing(_Teller()) as teller:
        outcome = batch.run(
            options.folders,
            options.output,
            bundle=options.bundle,
            workers=options.workers,
            engine=_cluster(options),
            restart=options.restart,
            index=not options.no_index,
            cancel=cancel,
            on_progress=teller.tell,
            on_record=alt_texts.take,
        )
    _sum_up(outcome, options.output)
    for line in alt_texts.summary():
        _print(line)
    if outcome.cancelled:
        return INTERRUPTED
    return REFUSED if outcome.broken or alt_texts.failed else DONE


def _cluster(options: argparse.Namespace) -> "ClusterEngine | None":
    """The cluster that was asked for; None without one. Raises ClusterError."""
    from image_describer.errors import ClusterError
    from image_describer.library.cluster_client import Tls

    if options.scheduler is None:
        for name in ("send_pictures", "tls_ca", "tls_cert", "tls_key"):
            if getattr(options, name):
                raise ClusterError(f"--{name.replace('_', '-')} needs --scheduler.")
        return None
    if options.workers is not None:
        raise ClusterError(
            "--workers is for this computer alone.", "Those of a cluster are started with dask."
        )
    from image_describer.library.cluster import ClusterEngine

    files = (options.tls_ca, options.tls_cert, options.tls_key)
    return ClusterEngine(
        options.scheduler,
        options.bundle,
        send_pictures=options.send_pictures,
        tls=Tls(*files) if any(files) else None,
    )


class _Teller:
    """Progress on stderr: a bar that moves on a terminal, elsewhere a line every tenth."""

    def __init__(self) -> None:
        from tqdm import tqdm

        self._tenth = 0
        self._bar: Any = None
        if sys.stderr is not None and sys.stderr.isatty():
            self._bar = tqdm(unit=" pictures", dynamic_ncols=True, leave=False, file=sys.stderr)

    def tell(self, progress: "Progress") -> None:
        """Say how far it is, where there is something new to say."""
        if self._bar is not None:
            self._bar.total = progress.total
            self._bar.n = progress.done
            self._bar.refresh()
        elif progress.total:
            tenth = 10 * progress.done // progress.total
            if self._tenth < tenth < 10:
                _print(_line(progress))
            self._tenth = max(self._tenth, tenth)

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.close()


def _line(progress: "Progress") -> str:
    total, left = progress.total or 0, progress.left_s
    said = f"{100 * progress.done // max(1, total)} %: {progress.done:,} of {total:,}"
    if left is None:
        return said
    time = f"{left / 60:.0f} min" if left >= 90 else f"{left:.0f} s"
    return f"{said}, {progress.rate:.1f} a second, {time} left"


def _sum_up(outcome: "Outcome", output: Path) -> None:
    from image_describer.cli.console import complain
    from image_describer.text import visible

    if outcome.notice:
        complain(outcome.notice)
    if outcome.trouble:
        complain(f"The index was not kept. {outcome.trouble}")
    if outcome.broken:
        complain(f"{_pictures(len(outcome.broken))} could not be described:")
        for file, reason in outcome.broken:
            _print(f"  {visible(file)}: {reason}")
    done = outcome.described + outcome.known
    said = f"{_pictures(done)} described" + (
        f", {outcome.known:,} of them earlier" if outcome.known else ""
    )
    place = visible(str(output))
    if outcome.cancelled:
        complain(f"Stopped. {said}; they are in {place}. The same command goes on from there.")
    elif not done and not outcome.broken:
        complain(f"There are no pictures there; {place} is empty.")
    else:
        print(f"{said}; see {place}.", flush=True)


def _pictures(count: int) -> str:
    return f"{count:,} picture" + ("" if count == 1 else "s")


def _print(line: str) -> None:
    with contextlib.suppress(OSError, ValueError):  # a closed stderr ends no batch
        print(line, file=sys.stderr, flush=True)


@contextlib.contextmanager
def _stopped_by_ctrl_c(cancel: threading.Event) -> Iterator[None]:
    """The first Ctrl+C sets ``cancel``; a second one, by somebody in a hurry, breaks off."""

    def stop(_number: int, _frame: object) -> None:
        if cancel.is_set():
            raise KeyboardInterrupt
        cancel.set()

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _workers(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= WORKERS_LIMIT:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 to {WORKERS_LIMIT}")
    return int(text)
