"""What the service counts, for Prometheus. No picture, no caption and no address is among it."""

from collections.abc import Callable, Iterable

import psutil
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

PREFIX = "image_describer"
SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
SIZES = (1, 2, 4, 8)


class Metrics:
    """The counters of one service."""

    def __init__(self) -> None:
        registry = self._registry = CollectorRegistry()
        self.requests = Counter(
            f"{PREFIX}_requests",
            "Requests that were answered.",
            ["method", "route", "status"],
            registry=registry,
        )
        self.seconds = Histogram(
            f"{PREFIX}_request_seconds",
            "From the last byte of a request's headers to the last of its answer.",
            ["route"],
            buckets=SECONDS,
            registry=registry,
        )
        self.in_flight = Gauge(
            f"{PREFIX}_in_flight",
            "Requests that are worked on, or wait for that.",
            registry=registry,
        )
        self.pictures = Counter(
            f"{PREFIX}_pictures", "Pictures that were described.", registry=registry
        )
        self.group_size = Histogram(
            f"{PREFIX}_group_size",
            "Tasks that were handed to a process together.",
            buckets=SIZES,
            registry=registry,
        )
        self.crashes = Counter(
            f"{PREFIX}_crashes", "Processes that ended by themselves.", registry=registry
        )
        self.time_outs = Counter(
            f"{PREFIX}_time_outs",
            "Processes that were ended for taking too long.",
            registry=registry,
        )

    def watch(self, pids: Callable[[], Iterable[int]]) -> None:
        """Tell the memory of the processes ``pids``, and of this one, too."""
        self._registry.register(_Memory(pids))

    def text(self) -> bytes:
        """All of it in Prometheus's text format 0.0.4."""
        return generate_latest(self._registry)


class _Memory(Collector):
    """How much memory the processes hold, measured when asked for."""

    def __init__(self, pids: Callable[[], Iterable[int]]) -> None:
        self._pids = pids

    def collect(self) -> Iterable[Metric]:
        memory = GaugeMetricFamily(
            f"{PREFIX}_memory_bytes", "Memory held (resident set).", labels=["process"]
        )
        memory.add_metric(["http"], psutil.Process().memory_info().rss)
        for number, pid in enumerate(self._pids(), start=1):
            try:
                memory.add_metric([f"worker-{number}"], psutil.Process(pid).memory_info().rss)
            except psutil.Error:
                continue
        yield memory
