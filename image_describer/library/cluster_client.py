"""The way to a Dask cluster: connected within seconds, or a sentence that says what is wrong."""

import logging
import queue
import threading
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from image_describer.errors import ClusterError
from image_describer.text import visible

CONNECT_LIMIT_S = 8.0  # with loading Dask, within ten


@dataclass(frozen=True)
class TlsFiles:
    """PEM files: who may sign the cluster's certificates, our own certificate, and its key."""

    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None


def connect(address: str, tls: TlsFiles | None) -> Any:
    """Dask's client at the scheduler at ``address``. Raises ClusterError."""
    scheme, _, rest = address.partition("://")
    host, _, port = rest.rpartition(":")
    if scheme not in ("tcp", "tls") or not host or not port.isdecimal():
        raise ClusterError(
            f'"{visible(address)}" is no address of a scheduler.',
            "It reads tcp://host:port, or tls://host:port; 8786 is Dask's usual port.",
        )
    try:
        import dask
        from distributed import Client
        from distributed.security import Security
    except ImportError as error:
        raise ClusterError(
            "Dask is missing, which speaks with clusters.",
            'Run: pip install "image-describer[cluster]"',
        ) from error
    for name in ("distributed", "tornado", "asyncio"):
        # What goes wrong is raised as well, and becomes a sentence.
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    for name in [name for name in logging.root.manager.loggerDict if name.startswith("distrib")]:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)

    class Quiet(Client):
        """One that could not connect would complain on stderr when it is thrown away."""

        def __del__(self) -> None:
            return

    def connect() -> Any:
        with dask.config.set({"distributed.comm.timeouts.connect": CONNECT_LIMIT_S}):
            return Quiet(
                address,
                timeout=CONNECT_LIMIT_S,
                security=security,
                set_as_default=False,
                name="image-describer",
            )

    warnings.filterwarnings("ignore", module=r"distributed\.")
    security = Security(**_security(tls)) if tls or scheme == "tls" else None
    try:
        return _within(CONNECT_LIMIT_S + 1.0, connect)
    except TypeError as error:  # of distributed, where it has no certificates
        raise ClusterError(
            "TLS needs certificates.", "Name them: --tls-ca, --tls-cert and --tls-key."
        ) from error
    except Exception as error:  # each kind of transport has its own
        why = f" ({error})" if str(error) and "imed out" not in str(error) else ""
        raise ClusterError(
            f"No Dask scheduler answers at {visible(address)}{visible(why)}.",
            "Start one there with: dask scheduler. Or check host, port, firewall and certificates.",
        ) from error


def _within(limit_s: float, work: Callable[[], Any]) -> Any:
    """What ``work`` returns or raises. Raises TimeoutError, and lets it wait on, after the limit:
    where a scheduler hangs, Dask forgets its own.
    """
    done: queue.SimpleQueue[tuple[Any, Exception | None]] = queue.SimpleQueue()

    def body() -> None:
        try:
            done.put((work(), None))
        except Exception as error:
            done.put((None, error))

    threading.Thread(target=body, daemon=True, name="connecting").start()
    try:
        value, error = done.get(timeout=limit_s)
    except queue.Empty:
        raise TimeoutError("timed out") from None
    if error is not None:
        raise error
    return value


def _security(tls: TlsFiles | None) -> dict[str, Any]:
    """What Dask calls them; what is not named is as its own configuration says."""
    files = tls or TlsFiles()
    named = {
        "tls_ca_file": files.ca,
        "tls_client_cert": files.certificate,
        "tls_client_key": files.key,
    }
    for file in filter(None, named.values()):
        if not file.is_file():
            raise ClusterError(f'There is no file "{visible(str(file))}".', "See --tls-ca.")
    given = {name: str(file) for name, file in named.items() if file is not None}
    return {"require_encryption": True, **given}
