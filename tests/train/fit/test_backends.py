"""The same code on two backends of Keras: the same losses step by step."""

import importlib.util
import json
import sys

import keras
import numpy as np
import pytest

from tests.support import steps, tiny

QUICK = "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true"


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="needs JAX")
def test_tensorflow_and_jax_compute_the_same(tmp_path):
    here = steps.compare(tmp_path, start=True)
    command = [sys.executable, "-m", "tests.support.steps", str(tmp_path)]
    done = tiny.run(command, KERAS_BACKEND="jax", XLA_FLAGS=QUICK)
    assert done.returncode == 0, done.stderr
    there = json.loads(done.stdout.splitlines()[-1])
    assert (keras.backend.backend(), there.pop("backend")) == ("tensorflow", "jax")
    for name in ("cross-entropy", "weights", "average", "pairs", "joint space"):
        np.testing.assert_allclose(there[name], here[name], rtol=1e-4, atol=1e-4, err_msg=name)
    assert here["average"] != pytest.approx(here["weights"], abs=1e-3)
    # Each backend samples other captions.
    assert all(0.0 <= value <= 10.0 for value in [*there["reward"], there["dev reward"]])
    assert np.isfinite(there["reward"]).all()
    assert len(set(there["reward"])) > 1
