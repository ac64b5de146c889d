"""Adam, as the stages of a training use it."""

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import keras
import numpy as np


class UnevenAdam(keras.optimizers.Adam):
    """Adam whose step is multiplied by a share of its own for each variable, in the order in
    which they are built: what is trained already moves less than what was drawn at random.

    ``shares`` None are all 1. ``averaging`` above 0 keeps a moving average of the weights too,
    of which each step leaves that share (Polyak and Juditsky 1992; Keras calls it ``use_ema``).
    """

    def __init__(
        self, *args: Any, shares: Sequence[float] | None = None, averaging: float = 0.0, **more: Any
    ) -> None:
        if averaging:
            more |= {"use_ema": True, "ema_momentum": averaging}
        super().__init__(*args, **more)
        self._shares = None if shares is None else list(shares)

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """One variable's; as Keras calls it."""
        share = 1.0 if self._shares is None else self._shares[self._get_variable_index(variable)]
        super().update_step(gradient, variable, learning_rate * share)

    def finalize_variable_values(self, var_list: Any) -> None:
        """Keras calls this after each `fit`, which here is an epoch: the weights go on as they are.

        `take_average` is for the end.
        """

    def take_average(self, variables: Sequence[keras.Variable]) -> None:
        """Give them the moving average of their values."""
        super().finalize_variable_values(variables)


def take_average(model: keras.Model, learnt: Sequence[keras.Variable] | None = None) -> None:
    """Give ``model`` the moving average of its weights, where its optimizer keeps one.

    ``learnt`` are those that the optimizer was built for, None all that can learn.
    """
    if _keeps_average(model):
        model.optimizer.take_average(model.trainable_variables if learnt is None else learnt)


@contextlib.contextmanager
def averaged(model: keras.Model, learnt: Sequence[keras.Variable] | None = None) -> Iterator[None]:
    """Inside, ``model`` has the moving average of its weights; afterwards what it had before."""
    learnt = model.trainable_variables if learnt is None else learnt
    if not _keeps_average(model):
        yield
        return
    before = [np.asarray(variable).copy() for variable in learnt]
    model.optimizer.take_average(learnt)
    try:
        yield
    finally:
        for variable, value in zip(learnt, before, strict=True):
            variable.assign(value)


def _keeps_average(model: keras.Model) -> bool:
    adam = model.optimizer
    return isinstance(adam, UnevenAdam) and adam.use_ema and int(adam.iterations) > 0
