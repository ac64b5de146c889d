"""The cache of features: computed once, by the bytes of a picture, whatever happens meanwhile."""

import os
import shutil
import signal
import sys
import threading

import numpy as np
import pytest
from PIL import Image

from image_describer.errors import TrainingError
from image_describer.train.data.augment import Views, view_of
from image_describer.train.data.dataset import Dataset, load_pixels
from image_describer.train.data.sets import read
from image_describer.train.features import cache
from image_describer.train.features.cache import FeatureCache
from image_describer.train.features.loaders import MatrixLoader, PixelLoader
from tests.support import tiny

SIZE = 32


class MeanColor:
    """An encoder that counts the views it is shown, and calls ``before`` with the count."""

    name, size, shape = "mean", SIZE, (1, 3)

    def __init__(self, before=lambda count: None):
        self.count, self._before = 0, before

    def __call__(self, pixels):
        shown = pixels.reshape(len(pixels), -1, 3).any(axis=(1, 2)).sum()  # without the padding
        self._before(self.count)
        self.count += int(shown)
        return pixels.reshape(len(pixels), -1, 3).mean(axis=1, keepdims=True) / 255

    def digest(self):
        return "mean"


@pytest.fixture(autouse=True)
def small_batches(monkeypatch):
    monkeypatch.setattr(cache, "BATCH", 4)


@pytest.fixture
def data(tiny_data, tmp_path):
    """A copy of the tiny data, which tests can damage."""
    return read(shutil.copytree(tiny_data, tmp_path / "data"))


@pytest.fixture
def keys(data):
    return sorted(data.captions)


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "features"
    folder.mkdir()
    return folder


def filled(folder, data, keys, views=Views(), encoder=None):  # noqa: B008
    """A filled cache, and how many views its encoder was shown."""
    encoder = encoder or MeanColor()
    made = FeatureCache(folder, encoder, views)
    made.fill(data, keys, pytest.fail)
    return made, encoder.count


def expected(data, keys):
    pixels = [load_pixels(data.path(key), SIZE) for key in keys]
    return np.stack([one.reshape(-1, 3).mean(axis=0, keepdims=True) / 255 for one in pixels])


def test_features_are_computed_once_and_found_in_any_order(folder, data, keys):
    made, count = filled(folder, data, keys)
    assert count == len(keys)
    some = [keys[5], keys[0], keys[5]]
    found = made.take(some)
    assert (found.dtype, found.shape) == (np.float16, (3, 1, 3))
    np.testing.assert_allclose(found, expected(data, some), atol=1e-3)
    again, count = filled(folder, data, keys[::-1])
    assert count == 0
    np.testing.assert_array_equal(again.take(some), found)


def test_every_view_is_cached(folder, data, keys):
    views = Views(crops=2, mirror=True, grayscale=0.2)
    made, count = filled(folder, data, keys[:3], views)
    assert count == 3 * views.count
    pixels = load_pixels(data.path(keys[1]), SIZE)
    crops = [view_of(pixels, keys[1], view, views) for view in range(views.count)]
    found = made.take([keys[1]] * views.count, np.arange(views.count))
    means = np.stack([crop.reshape(-1, 3).mean(axis=0, keepdims=True) / 255 for crop in crops])
    np.testing.assert_allclose(found, means, atol=1e-3)
    _, count = filled(folder, data, keys[:3])  # other views are in another file
    assert count == 3


def test_a_picture_with_new_bytes_gets_new_features_and_the_others_stay(folder, data, keys):
    filled(folder, data, keys)
    file = data.path(keys[7])
    status, content = file.stat(), bytearray(file.read_bytes())
    middle = len(content) * 2 // 3
    content[middle] ^= 0x10  # in the data of the picture
    file.write_bytes(content)
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert (file.stat().st_size, file.stat().st_mtime_ns) == (status.st_size, status.st_mtime_ns)
    made, count = filled(folder, data, keys)
    assert count == 1
    np.testing.assert_allclose(made.take(keys), expected(data, keys), atol=1e-3)


def test_data_sets_share_the_features_of_the_same_pictures(folder, data, keys, tmp_path):
    filled(folder, data, keys)
    copy = tmp_path / "other.jpg"
    shutil.copyfile(data.path(keys[3]), copy)
    Image.new("RGB", (SIZE, SIZE), "red").save(tmp_path / "new.png")
    other = Dataset({"set/other": copy, "set/new": tmp_path / "new.png"})
    made, count = filled(folder, other, ["set/other", "set/new"])
    assert count == 1
    np.testing.assert_allclose(made.take(["set/new"])[0], [[1, 0, 0]], atol=0.01)
    np.testing.assert_allclose(made.take(["set/other"]), expected(data, [keys[3]]), atol=1e-3)
    again, count = filled(folder, data, keys)
    assert count == 0
    np.testing.assert_allclose(again.take(keys), expected(data, keys), atol=1e-3)


KILLED = """\
import os, signal, sys
from pathlib import Path
from image_describer.train.data.augment import Views
from image_describer.train.data.sets import read
from image_describer.train.features import cache
from tests.train.features.test_cache import MeanColor
cache.BATCH, cache.SAVE_EVERY_S = 4, 0.0
encoder = MeanColor(lambda count: count == 12 and os.kill(os.getpid(), signal.SIGKILL))
data = read(Path(sys.argv[1]))
cache.FeatureCache(Path(sys.argv[2]), encoder, Views()).fill(data, sorted(data.captions))
"""


@pytest.mark.slow
def test_filling_resumes_after_a_kill(folder, data, keys):
    root = data.path(keys[0]).parents[1]
    killed = tiny.run([sys.executable, "-c", KILLED, str(root), str(folder)])
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    made, count = filled(folder, data, keys)
    assert count == len(keys) - 12
    np.testing.assert_allclose(made.take(keys), expected(data, keys), atol=1e-3)


def test_filling_resumes_after_ctrl_c(folder, data, keys):
    def stop(count):
        if count == 8:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        filled(folder, data, keys, encoder=MeanColor(stop))
    made, count = filled(folder, data, keys)
    assert count == len(keys) - 8
    np.testing.assert_allclose(made.take(keys), expected(data, keys), atol=1e-3)


def test_another_thread_waits_until_the_features_are_there(folder, data, keys, caplog):
    caplog.set_level("INFO")
    started, release = threading.Event(), threading.Event()

    def wait(count):
        started.set()
        assert release.wait(30)

    first = threading.Thread(target=filled, args=(folder, data, keys, Views(), MeanColor(wait)))
    first.start()
    assert started.wait(30)
    counts = []
    second = threading.Thread(target=lambda: counts.append(filled(folder, data, keys)[1]))
    second.start()
    while "waiting for it" not in caplog.text:
        assert second.is_alive()
    release.set()
    first.join(30)
    second.join(30)
    assert counts == [0]


@pytest.mark.parametrize("some", [0, 10])
def test_a_full_disk_is_one_error_and_costs_nothing(some, folder, data, keys, monkeypatch):
    filled(folder, data, keys[:some])

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "posix_fallocate", full, raising=False)
        with pytest.raises(TrainingError, match=r"No space left.*--runs"):
            filled(folder, data, keys)
    assert len(list(folder.glob("*.f16"))) == (some > 0)
    made, count = filled(folder, data, keys)
    assert count == len(keys) - some
    np.testing.assert_allclose(made.take(keys), expected(data, keys), atol=1e-3)


def test_damaged_pictures_are_zeros_and_reported(folder, data, keys):
    data.path(keys[6]).write_bytes(b"\xff\xd8\xff not a picture")
    data.path(keys[20]).unlink()
    problems = []
    made = FeatureCache(folder, MeanColor(), Views())
    made.fill(data, keys, problems.append)
    assert len(problems) == 2
    assert all(any(str(data.path(keys[i])) in one for one in problems) for i in (6, 20))
    found = made.take(keys)
    assert not found[[6, 20]].any()
    assert found[[5, 7, 19, 21]].any(axis=(1, 2)).all()


@pytest.mark.parametrize("damage", ["index", "odd index", "truncated", "missing"])
def test_damaged_files_are_computed_anew(damage, folder, data, keys):
    filled(folder, data, keys)
    index, features = next(folder.glob("*.json")), next(folder.glob("*.f16"))
    if damage == "index":
        index.write_text("{", "utf-8")
    elif damage == "odd index":
        index.write_text('{"rows": {}, "capacity": 1000000000}', "utf-8")
    elif damage == "truncated":
        features.write_bytes(features.read_bytes()[:10])
    else:
        features.unlink()
    made, count = filled(folder, data, keys)
    assert count == len(keys)
    np.testing.assert_allclose(made.take(keys), expected(data, keys), atol=1e-3)


def test_a_kill_while_the_file_grows_costs_nothing(folder, data, keys):
    filled(folder, data, keys[:10])
    with next(folder.glob("*.f16")).open("ab") as file:
        file.write(bytes(1000))
    made, count = filled(folder, data, keys)
    assert count == len(keys) - 10
    np.testing.assert_allclose(made.take(keys), expected(data, keys), atol=1e-3)


def test_features_in_use_survive_a_damaged_index(folder, data, keys, monkeypatch):
    monkeypatch.setattr(cache, "IN_MEMORY_BYTES", 0)
    in_use, _ = filled(folder, data, keys)
    next(folder.glob("*.json")).unlink()
    filled(folder, data, keys[:1])  # in a file of its own: truncating the other would crash
    np.testing.assert_allclose(in_use.take(keys), expected(data, keys), atol=1e-3)


def test_unknown_keys_are_refused(folder, data, keys):
    with pytest.raises(TrainingError, match="Run the stage 'features' first"):
        FeatureCache(folder, MeanColor(), Views()).take(keys)
    made, _ = filled(folder, data, keys[:3])
    with pytest.raises(TrainingError, match=r"no features of stranger\.jpg"):
        made.take(["stranger.jpg"])
    nothing, _ = filled(folder, data, [])
    assert nothing.take([]).shape == (0, 1, 3)


# Loaders


def test_pixels_are_loaded_as_views(data, keys):
    views = Views(crops=1, mirror=True)
    data.path(keys[1]).write_bytes(b"not a picture")
    found = PixelLoader(data, SIZE, views)([keys[0], keys[0], keys[1]], np.array([0, 3, 1]))
    pixels = load_pixels(data.path(keys[0]), SIZE)
    assert (found[0] == pixels).all()
    assert (found[1] == view_of(pixels, keys[0], 3, views)).all()
    assert not found[2].any()


def test_features_of_the_data_itself():
    matrix = np.arange(12, dtype=np.float64).reshape(4, 3)
    loader = MatrixLoader(Dataset(features=matrix, rows={"b": 3, "a": 1}))
    assert loader(["a", "b"], np.zeros(2)).tolist() == [[[3, 4, 5]], [[9, 10, 11]]]
    with pytest.raises(TrainingError, match="no features of its own"):
        MatrixLoader(Dataset())
