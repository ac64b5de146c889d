"""The one door to the inference engine, LiteRT (TensorFlow Lite)."""

import os
from pathlib import Path
from typing import Any

from image_describer.errors import BundleError


def default_threads() -> int:
    """As many threads as this process may use cores, at most four: more gain nothing here."""
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:  # Windows and macOS
        cores = os.cpu_count() or 1
    return max(1, min(4, cores))


def load(path: Path, threads: int) -> Any:
    """An interpreter of ``path``, ready to run. Raises BundleError. Not safe between threads."""
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError as error:
        raise BundleError(
            f"The inference engine is missing: {error}.",
            "Install it with: python -m pip install ai-edge-litert",
        ) from error
    try:
        interpreter = Interpreter(model_path=str(path), num_threads=threads)
        interpreter.allocate_tensors()
    except (ValueError, RuntimeError) as error:
        raise BundleError(
            f"The model file {path.name} can't be run: {str(error).splitlines()[0]}.",
            "Get the bundle back by installing Image Describer again.",
        ) from error
    return interpreter
