"""Adam, with a learning rate for each variable and a moving average of the weights."""

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import keras
import numpy as np


class ScaledAdam(keras.optimizers.Adam):
    """Adam whose learning rate is multiplied by a scale for each variable, in the order in which it
    is built for them: pretrained weights should move less than randomly initialized ones.

    ``ema_decay`` above 0 keeps an exponential moving average of the weights (Polyak and Juditsky
    1992).
    """

    def __init__(
        self, *args: Any, scales: Sequence[float] | None = None, ema_decay: float = 0.0, **more: Any
    ) -> None:
        if ema_decay:
            more |= {"use_ema": True, "ema_momentum": ema_decay}
        super().__init__(*args, **more)
        self._scales = None if scales is None else list(scales)

    def _backend_update_step(
        self, grads: list[Any], trainable_variables: list[Any], learning_rate: Any
    ) -> None:
        """Called by Keras on every backend with all variables at once."""
        if self._scales is None:
            super()._backend_update_step(grads, trainable_variables, learning_rate)
            return
        scales = [self._scales[self._get_variable_index(v)] for v in trainable_variables]
        for scale in dict.fromkeys(scales):
            chosen = [i for i, one in enumerate(scales) if one == scale]
            super()._backend_update_step(
                [grads[i] for i in chosen],
                [trainable_variables[i] for i in chosen],
                learning_rate * scale,
            )

    def use_average(self, variables: Sequence[keras.Variable]) -> None:
        """Give the variables the moving average of their values, as copies: JAX deletes the buffers
        of a model's variables when it updates them."""
        for variable in variables:
            average = self._model_variables_moving_average[self._get_variable_index(variable)]
            variable.assign(_copy(average))


def build(settings: Any, steps: int, scales: Sequence[float] | None = None) -> ScaledAdam:
    """The optimizer of a phase of ``steps`` steps."""
    return ScaledAdam(
        schedule(settings, steps),
        scales=scales,
        ema_decay=getattr(settings, "ema_decay", 0.0),
        global_clipnorm=getattr(settings, "clip_norm", 0.0) or None,
    )


def schedule(settings: Any, steps: int) -> Any:
    """The learning rate over ``steps`` steps: a warmup, then a cosine to 0; or constant."""
    if getattr(settings, "schedule", "cosine") == "constant":
        return settings.learning_rate
    warmup = min(settings.warmup_steps, steps // 10)
    return keras.optimizers.schedules.CosineDecay(
        0.01 * settings.learning_rate,
        max(1, steps - warmup),
        warmup_target=settings.learning_rate,
        warmup_steps=warmup,
    )


@contextlib.contextmanager
def averaged(model: keras.Model) -> Iterator[None]:
    """Inside, ``model`` has the moving average of its weights, if its optimizer keeps one."""
    variables = model.trainable_variables
    before = [_copy(variable) for variable in variables]
    use_average(model)
    try:
        yield
    finally:
        for variable, value in zip(variables, before, strict=True):
            variable.assign(value)


def use_average(model: keras.Model) -> None:
    """Give ``model`` the moving average of its weights, if its optimizer keeps one."""
    adam = model.optimizer
    if adam.use_ema and int(adam.iterations) > 0:
        adam.use_average(model.trainable_variables)


def _copy(variable: keras.Variable) -> np.ndarray:
    # Not keras.ops.convert_to_numpy, which causes a warning of NumPy in TensorFlow.
    return np.asarray(variable).copy()
