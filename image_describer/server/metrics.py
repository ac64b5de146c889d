"""Metrics for Prometheus, without pictures, captions or addresses."""

from collections.abc import Callable, Iterable

import psutil
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

PREFIX = "image_describer"
SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
SIZES = (1, 2, 4, 8)


class ServiceMetrics:
    """The metrics of one service."""

    def __init__(self) -> None:
        registry = self._registry = CollectorRegistry()
        self.requests = Counter(
            f"{PREFIX}_requests",
            "Answered requests.",
            ["method", "route", "status"],
            registry=registry,
        )
        self.seconds = Histogram(
            f"{PREFIX}_request_seconds",
            "Time from the last byte of the headers to the last byte of the response.",
            ["route"],
            buckets=SECONDS,
            registry=registry,
        )
        self.in_flight = Gauge(
            f"{PREFIX}_in_flight",
            "Requests that are processed or wait.",
            registry=registry,
        )
        self.pictures = Counter(f"{PREFIX}_pictures", "Described pictures.", registry=registry)
        self.group_size = Histogram(
            f"{PREFIX}_group_size",
            "Jobs that were sent to a process together.",
            buckets=SIZES,
            registry=registry,
        )
        self.crashes = Counter(
            f"{PREFIX}_crashes", "Describing processes that died.", registry=registry
        )
        self.time_outs = Counter(
            f"{PREFIX}_time_outs",
            "Describing processes that were killed because they took too long.",
            registry=registry,
        )

    def watch(self, pids: Callable[[], Iterable[int]]) -> None:
        """Also report the memory of this process and of the processes ``pids``."""
        self._registry.register(_MemoryCollector(pids))

    def text(self) -> bytes:
        """Return all metrics in Prometheus's text format 0.0.4."""
        return generate_latest(self._registry)


class _MemoryCollector(Collector):
    """The memory of the processes, measured on each request."""

    def __init__(self, pids: Callable[[], Iterable[int]]) -> None:
        self._pids = pids

    def collect(self) -> Iterable[Metric]:
        memory = GaugeMetricFamily(f"{PREFIX}_memory_bytes", "Resident memory.", labels=["process"])
        memory.add_metric(["http"], psutil.Process().memory_info().rss)
        for number, pid in enumerate(self._pids(), start=1):
            try:
                memory.add_metric([f"worker-{number}"], psutil.Process(pid).memory_info().rss)
            except psutil.Error:
                continue
        yield memory
