"""``image-describer batch``: describes every picture in some folders, into one file."""

import argparse
import contextlib
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from image_describer.cli.console import print_error, print_status
from image_describer.cli.options import (
    Subparsers,
    add_bundle,
    add_language,
    description_language,
    whole_number,
)
from image_describer.i18n import N_, _
from image_describer.text import number, plural, visible

if TYPE_CHECKING:
    from image_describer.library.batch import BatchProgress, BatchResult
    from image_describer.library.cluster import ClusterPool

WORKERS_LIMIT = 64
STEPS = 10  # progress lines where there is no terminal

USAGE = N_("image-describer batch FOLDER [FOLDER ...] --output FILE [options]")
DESCRIPTION = N_("""\
Describe every picture below folders into one file, with all cores. After Ctrl+C or a crash, the
same command continues where it stopped. docs/cli.md says more.
""")
EXAMPLES = N_("""\
examples:
  image-describer batch ~/Pictures --output pictures.html
  image-describer batch ~/Pictures --output pictures.csv --write-alt-text

exit status: 0 if all were described, 2 if some were not, 130 after Ctrl+C
""")


def add_parser(subparsers: Subparsers) -> None:
    """Add the command and its options."""
    parser = subparsers.add_parser(
        "batch",
        help=_("describe all pictures in folders, into one file"),
        usage=_(USAGE),
        description=_(DESCRIPTION),
        epilog=_(EXAMPLES),
    )
    parser.add_argument("folders", nargs="+", metavar=_("FOLDER"), help=_("a folder or a picture"))
    parser.add_argument(
        "--output",
        required=True,
        metavar=_("FILE"),
        type=Path,
        help=_("write to FILE, which ends in .html, .csv or .jsonl"),
    )
    parser.add_argument(
        "--workers",
        metavar="N",
        type=whole_number(1, WORKERS_LIMIT),
        help=_("run N processes of 150 MB (default: one per core)"),
    )
    parser.add_argument(
        "--text", action="store_true", help=_("add what is written in the pictures to FILE")
    )
    parser.add_argument("--restart", action="store_true", help=_("describe everything again"))
    parser.add_argument("--no-index", action="store_true", help=_("don't add to the search index"))
    add_language(parser)
    add_bundle(parser)
    add_alt_text_options(parser)
    _add_cluster_options(parser)
    parser.set_defaults(run=run)


def add_alt_text_options(parser: argparse.ArgumentParser) -> None:
    """The options that `library.alt_text_writer` reads."""
    group = parser.add_argument_group(_("alt text in the picture files"))
    group.add_argument(
        "--write-alt-text",
        action="store_true",
        help=_("write alt text into copies of the pictures"),
    )
    group.add_argument(
        "--copies",
        metavar=_("FOLDER"),
        type=Path,
        help=_('copy to FOLDER (default: "... with alt text")'),
    )
    group.add_argument(
        "--in-place", action="store_true", help=_("change the files, keep the old as ..._original")
    )
    group.add_argument(
        "--replace", action="store_true", help=_("also replace alt text of other people")
    )
    group.add_argument("--unsure", action="store_true", help=_("also write what is unsure"))


def _add_cluster_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group(_("Dask cluster, which receives the pictures"))
    group.add_argument(
        "--scheduler", metavar=_("ADDRESS"), help=_("use the one at tcp://HOST:PORT")
    )
    group.add_argument(
        "--send-pictures", action="store_true", help=_("always send files, never only paths")
    )
    for name, help_text in (
        ("ca", _("certificate authority of the cluster (PEM)")),
        ("cert", _("certificate of this computer (PEM)")),
        ("key", _("key of that certificate (PEM)")),
    ):
        group.add_argument(f"--tls-{name}", metavar=_("FILE"), type=Path, help=help_text)


def run(options: argparse.Namespace) -> int:
    """Describe ``options.folders`` into ``options.output`` and return the exit status.

    Raises ImageDescriberError, before any work is done, for what can't be used.
    """
    from image_describer.captioner.bundle import open_bundle
    from image_describer.library import alt_text_writer, batch
    from image_describer.stdio import DONE, INTERRUPTED, REFUSED

    alt_texts = alt_text_writer.AltTextWriter(options, options.folders)
    language = description_language(options, open_bundle(options.bundle).languages)
    cancel = threading.Event()
    with _cancelled_by_ctrl_c(cancel), contextlib.closing(_ProgressReporter()) as reporter:
        outcome = batch.run(
            options.folders,
            options.output,
            bundle=options.bundle,
            language=language,
            workers=options.workers,
            pool=_cluster(options, language),
            restart=options.restart,
            index=not options.no_index,
            text=options.text,
            cancel=cancel,
            on_progress=reporter.update,
            on_record=alt_texts.write,
        )
    _print_summary(outcome, options.output)
    for line in alt_texts.summary():
        print_status(line)
    if outcome.cancelled:
        return INTERRUPTED
    return REFUSED if outcome.failures or alt_texts.failed else DONE


def _cluster(options: argparse.Namespace, language: str) -> "ClusterPool | None":
    """Return the cluster that the options name, or None. Raises ClusterError."""
    from image_describer.errors import ClusterError
    from image_describer.library.cluster_client import TlsFiles

    if options.scheduler is None:
        for name in ("send_pictures", "tls_ca", "tls_cert", "tls_key"):
            if getattr(options, name):
                option = "--" + name.replace("_", "-")
                raise ClusterError(_("{option} needs --scheduler.").format(option=option))
        return None
    if options.workers is not None:
        raise ClusterError(
            _("--workers is for this computer only."),
            _("Start the workers of a cluster with dask."),
        )
    from image_describer.library.cluster import ClusterPool

    files = (options.tls_ca, options.tls_cert, options.tls_key)
    return ClusterPool(
        options.scheduler,
        options.bundle,
        language=language,
        send_pictures=options.send_pictures,
        tls=TlsFiles(*files) if any(files) else None,
    )


class _ProgressReporter:
    """Progress on stderr: a bar on a terminal, elsewhere a line after every tenth."""

    def __init__(self) -> None:
        from tqdm import tqdm

        self._step = 0
        self._bar: Any = None
        if sys.stderr is not None and sys.stderr.isatty():
            unit = _("pictures")
            self._bar = tqdm(unit=f" {unit}", dynamic_ncols=True, leave=False, file=sys.stderr)

    def update(self, progress: "BatchProgress") -> None:
        """Show the progress if there is something new to show."""
        if self._bar is not None:
            self._bar.total = progress.total
            self._bar.n = progress.done
            self._bar.refresh()
        elif progress.total:
            step = STEPS * progress.done // progress.total
            if self._step < step < STEPS:
                print_status(_progress_line(progress))
            self._step = max(self._step, step)

    def close(self) -> None:
        """Remove the bar."""
        if self._bar is not None:
            self._bar.close()


def _progress_line(progress: "BatchProgress") -> str:
    total, left_s = progress.total or 0, progress.left_s
    line = _("{percent} %: {done} of {total}").format(
        percent=100 * progress.done // max(1, total),
        done=number(progress.done),
        total=number(total),
    )
    if left_s is None:
        return line
    rate = _("{rate} per second").format(rate=number(progress.rate, 1))
    left = (
        _("{minutes} min left").format(minutes=number(left_s / 60))
        if left_s >= 90
        else _("{seconds} s left").format(seconds=number(left_s))
    )
    return f"{line}, {rate}, {left}"


def _print_summary(outcome: "BatchResult", output: Path) -> None:
    if outcome.index_notice:
        print_error(outcome.index_notice)
    if outcome.index_error:
        print_error(_("The index was not kept. {reason}").format(reason=outcome.index_error))
    if outcome.failures:
        print_error(
            plural(
                "{count} picture could not be described:",
                "{count} pictures could not be described:",
                len(outcome.failures),
            )
        )
        for file, reason in outcome.failures:
            print_status(f"  {visible(file)}: {reason}")
    done = outcome.described + outcome.known
    summary = plural("{count} picture described", "{count} pictures described", done)
    if outcome.known:
        summary = _("{summary}, {count} of them earlier").format(
            summary=summary, count=number(outcome.known)
        )
    path = visible(str(output))
    if outcome.cancelled:
        print_error(
            _("Stopped. {summary}; see {path}. The same command continues from there.").format(
                summary=summary, path=path
            )
        )
    elif not done and not outcome.failures:
        print_error(_("No pictures were found; {path} is empty.").format(path=path))
    else:
        print(_("{summary}; see {path}.").format(summary=summary, path=path), flush=True)


@contextlib.contextmanager
def _cancelled_by_ctrl_c(cancel: threading.Event) -> Iterator[None]:
    """The first Ctrl+C sets ``cancel``, so that the output is written; a second one aborts."""

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
