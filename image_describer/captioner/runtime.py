"""The one door to the inference engine, LiteRT (TensorFlow Lite)."""

import os
from pathlib import Path
from typing import Any

from image_describer.errors import BundleError


def cores() -> int:
    """How many cores this process may use."""
    try:
        return max(1, len(os.sched_getaffinity(0)))
    except AttributeError:  # Windows and macOS
        return os.cpu_count() or 1


def default_threads() -> int:
    """As many threads as this process may use cores, at most four: more gain nothing here."""
    return min(4, cores())


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


def load_for_looking_inside(content: bytes) -> Any:
    """An interpreter of a network that keeps every tensor that it computes, slowly. For training:
    what is wrong with ``content`` is raised as LiteRT does."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    interpreter = Interpreter(
        model_content=content,
        experimental_preserve_all_tensors=True,
        experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    )
    interpreter.allocate_tensors()
    return interpreter


def load_for_many(path: Path, signature: str, output: str) -> Any:
    """An interpreter of ``path`` whose ``signature`` takes the rows of several pictures at once.

    Its tensors' first dimension is the picture. The files that ship end by taking the first
    picture's ``output`` out of all, whatever their number: here all are left, (N, ...). None where
    the file is not built like that.
    """
    try:
        content = _with_all_rows(path.read_bytes(), signature.encode(), output.encode())
        if content is None:
            return None
        from ai_edge_litert.interpreter import Interpreter

        interpreter = Interpreter(model_content=content, num_threads=1)
        interpreter.allocate_tensors()
    except (ImportError, AttributeError, ValueError, RuntimeError, TypeError, OSError):
        return None  # another version of the engine, or of the file: one at a time does it, too
    return interpreter


def _with_all_rows(content: bytes, signature: str | bytes, output: str | bytes) -> bytes | None:
    """The model with the slice before ``output`` that took the first row now taking every row."""
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(content, 0))
    chosen = next(s for s in model.signatureDefs if s.signatureKey == signature)
    graph = model.subgraphs[chosen.subgraphIndex]
    tensor = next(o.tensorIndex for o in chosen.outputs if o.name == output)
    last = next(o for o in graph.operators if tensor in o.outputs)
    options = last.builtinOptions
    if type(options).__name__ != "StridedSliceOptionsT" or options.shrinkAxisMask != 1:
        return None
    options.shrinkAxisMask = 0
    options.endMask |= 1
    shape = graph.tensors[tensor].shape
    graph.tensors[tensor].shape = [1, *(int(side) for side in shape)]
    builder = flatbuffers.Builder(len(content) + 1024)
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())
