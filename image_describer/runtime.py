"""The inference engine, LiteRT (TensorFlow Lite), behind a few functions."""

import os
from pathlib import Path
from typing import Any

import numpy as np

from image_describer import bundle_files
from image_describer.errors import BundleError
from image_describer.i18n import _


def cores() -> int:
    """How many cores this process may use."""
    try:
        return max(1, len(os.sched_getaffinity(0)))
    except AttributeError:  # Windows and macOS
        return os.cpu_count() or 1


def default_threads() -> int:
    """One thread for each core that this process may use, at most four: more gain nothing."""
    return min(4, cores())


def load(path: Path, threads: int) -> Any:
    """Return an interpreter of ``path``, ready to run. Raises BundleError.

    An interpreter is not safe to share between threads.
    """
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError as error:
        raise BundleError(
            _("The inference engine is missing: {error}.").format(error=error),
            _("Install it with: python -m pip install ai-edge-litert"),
        ) from error
    try:
        interpreter = Interpreter(**_model(path), num_threads=threads)
        interpreter.allocate_tensors()
    except (ValueError, RuntimeError) as error:
        raise BundleError(
            _("The model file {name} can't be run: {reason}.").format(
                name=path.name, reason=str(error).splitlines()[0]
            ),
            _(bundle_files.WAY_OUT),
        ) from error
    return interpreter


def run_resized(interpreter: Any, values: np.ndarray) -> np.ndarray:
    """Run a network of one input and one output on ``values``, of whatever shape."""
    details = interpreter.get_input_details()[0]
    if tuple(details["shape"]) != values.shape:
        interpreter.resize_tensor_input(details["index"], values.shape)
        interpreter.allocate_tensors()
    interpreter.set_tensor(details["index"], values)
    interpreter.invoke()
    return np.asarray(interpreter.get_tensor(interpreter.get_output_details()[0]["index"]))


def _model(path: Path) -> dict[str, Any]:
    """Return the arguments that tell LiteRT which model to load.

    A path lets it map the file, which processes share. On Windows it can't open a path that isn't
    ASCII, so such a file is read here; the interpreter keeps the bytes alive.
    """
    if str(path).isascii():
        return {"model_path": str(path)}
    return {"model_content": bundle_files.read(path, bundle_files.FILE_LIMIT_BYTES)}


def load_batched(path: Path, signature: str, output: str) -> Any:
    """Return an interpreter whose ``signature`` takes the rows of several pictures at once.

    The first dimension of its tensors is the picture. The files that ship compute all pictures
    but end by taking the ``output`` of the first; here all are kept, (N, ...). Returns None for a
    file that is not built like that, or that can't run two pictures at once.
    """
    try:
        content = _with_all_rows(path.read_bytes(), signature.encode(), output.encode())
        if content is None:
            return None
        from ai_edge_litert.interpreter import Interpreter

        interpreter = Interpreter(model_content=content, num_threads=1)
        interpreter.allocate_tensors()
        runner = interpreter.get_signature_runner(signature)
        inputs = runner.get_input_details().items()
        pair = {name: np.zeros((2, *d["shape"][1:]), d["dtype"]) for name, d in inputs}
        if len(runner(**pair)[output]) != 2:
            return None
    except Exception:  # another version of the engine or the file, which can raise anything
        return None
    return interpreter


def _with_all_rows(content: bytes, signature: str | bytes, output: str | bytes) -> bytes | None:
    """Let the slice that takes the first row of ``output`` take all; None if there is none."""
    model = unpack(content)
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
    return pack(model)


def unpack(content: bytes) -> Any:
    """Return a LiteRT file as a ``ModelT`` of its schema, whose fields may be read and changed."""
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(content, 0))
    for buffer in model.buffers:
        if buffer.offset > 1:  # behind the flatbuffer, as large models have them
            data = content[buffer.offset : buffer.offset + buffer.size]
            buffer.data, buffer.offset, buffer.size = np.frombuffer(data, np.uint8), 0, 0
    return model


def pack(model: Any) -> bytes:
    """Return the content of the LiteRT file with this ``ModelT``."""
    import flatbuffers

    builder = flatbuffers.Builder(1 << 20)  # grows as needed
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())
