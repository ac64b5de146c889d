"""Connect to a Dask scheduler within seconds, or raise an error that says what is wrong."""

import logging
import queue
import threading
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from image_describer.errors import ClusterError
from image_describer.i18n import _
from image_describer.text import visible

CONNECT_LIMIT_S = 8.0  # about ten with loading Dask


@dataclass(frozen=True)
class TlsFiles:
    """PEM files: the certificate authority of the cluster, our certificate, and its key."""

    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None


def connect(address: str, tls: TlsFiles | None) -> Any:
    """Return a Dask client of the scheduler at ``address``. Raises ClusterError."""
    scheme, _unused, rest = address.partition("://")
    host, _unused, port = rest.rpartition(":")
    if scheme not in ("tcp", "tls") or not host or not port.isdecimal():
        raise ClusterError(
            _('"{address}" is not the address of a scheduler.').format(address=visible(address)),
            _("Write it as tcp://host:port or tls://host:port; 8786 is Dask's default port."),
        )
    try:
        import dask
        from distributed import Client
        from distributed.security import Security
    except ImportError as error:
        raise ClusterError(
            _("Dask is not installed; clusters need it."),
            _('Run: pip install "image-describer[cluster]"'),
        ) from error
    for name in ("distributed", "tornado", "asyncio"):
        # Errors are raised as well, and become a sentence.
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    for name in [name for name in logging.root.manager.loggerDict if name.startswith("distrib")]:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)

    class QuietClient(Client):
        """Without the traceback on stderr when a client that could not connect is deleted."""

        def __del__(self) -> None:
            return

    def create_client() -> Any:
        with dask.config.set({"distributed.comm.timeouts.connect": CONNECT_LIMIT_S}):
            return QuietClient(
                address,
                timeout=CONNECT_LIMIT_S,
                security=security,
                set_as_default=False,
                name="image-describer",
            )

    warnings.filterwarnings("ignore", module=r"distributed\.")
    security = Security(**_security(tls)) if tls or scheme == "tls" else None
    try:
        return _within(CONNECT_LIMIT_S + 1.0, create_client)
    except TypeError as error:  # from distributed, without certificates
        raise ClusterError(
            _("TLS needs certificates."), _("Name them: --tls-ca, --tls-cert and --tls-key.")
        ) from error
    except Exception as error:  # each transport has its own
        shown = visible(address)
        if str(error) and "timed out" not in str(error).lower():  # untranslated
            shown = f"{shown} ({visible(str(error))})"
        raise ClusterError(
            _("No Dask scheduler answers at {address}.").format(address=shown),
            _(
                "Start one there with: dask scheduler. Or check host, port, firewall and "
                "certificates."
            ),
        ) from error


def _within(limit_s: float, work: Callable[[], Any]) -> Any:
    """Return or raise what ``work`` does, or raise TimeoutError after ``limit_s``.

    ``work`` then goes on in its thread: if a scheduler hangs, Dask ignores its own timeout.
    """
    done: queue.SimpleQueue[tuple[Any, Exception | None]] = queue.SimpleQueue()

    def body() -> None:
        try:
            done.put((work(), None))
        except Exception as error:
            done.put((None, error))

    threading.Thread(target=body, daemon=True, name="connect").start()
    try:
        value, error = done.get(timeout=limit_s)
    except queue.Empty:
        raise TimeoutError from None
    if error is not None:
        raise error
    return value


def _security(tls: TlsFiles | None) -> dict[str, Any]:
    """Return the arguments of Dask's Security; files that are not given come from its config."""
    files = tls or TlsFiles()
    arguments = {
        "tls_ca_file": files.ca,
        "tls_client_cert": files.certificate,
        "tls_client_key": files.key,
    }
    for file in filter(None, arguments.values()):
        if not file.is_file():
            raise ClusterError(
                _('There is no file "{file}".').format(file=visible(str(file))),
                _("See --tls-ca."),
            )
    given = {name: str(file) for name, file in arguments.items() if file is not None}
    return {"require_encryption": True, **given}
