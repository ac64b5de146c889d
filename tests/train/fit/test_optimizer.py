"""Adam's learning rate of each variable, and the moving average."""

import keras
import numpy as np
import pytest

from image_describer.train.fit.optimizer import ScaledAdam


def variables(count):
    return [keras.Variable(np.zeros(3)) for _ in range(count)]


def test_each_variable_moves_at_its_own_learning_rate():
    slow, fast = weights = variables(2)
    adam = ScaledAdam(0.1, scales=[0.25, 1.0])
    adam.build(weights)
    for _ in range(3):
        adam.apply([np.ones(3, np.float32)] * 2, weights)
    np.testing.assert_allclose(np.asarray(fast), -0.3, rtol=1e-3)
    np.testing.assert_allclose(np.asarray(slow), -0.075, rtol=1e-3)


@pytest.mark.parametrize("scales", [None, [0.5]])
def test_the_average_is_over_all_steps(scales):
    (weight,) = weights = variables(1)
    adam = ScaledAdam(0.1, scales=scales, ema_decay=0.8)
    adam.build(weights)
    mean = None
    for _ in range(5):
        adam.apply([np.ones(3, np.float32)], weights)
        now = np.asarray(weight).copy()
        mean = now if mean is None else 0.8 * mean + 0.2 * now
    adam.use_average(weights)
    np.testing.assert_allclose(np.asarray(weight), mean, rtol=1e-5)
