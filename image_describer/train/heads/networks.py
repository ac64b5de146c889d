"""Small networks of scikit-learn."""

import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier


def train_mlp(
    x: np.ndarray,
    y: np.ndarray,
    hidden: tuple[int, ...],
    *,
    steps: int,
    learning_rate: float,
    l2: float,
    seed: int,
    sample_weight: np.ndarray | None = None,
) -> MLPClassifier:
    """Train a network with ``hidden`` units of tanh in each layer on features (N, F) and classes
    (N,); without hidden layers, it is a logistic regression.

    It takes ``steps`` steps of Adam on all rows at once: stopped before it converges, it overfits
    less. A squared weight costs ``l2`` / 2, added to the mean loss of a row.
    """
    network = MLPClassifier(
        hidden, activation="tanh", alpha=l2 * len(x), batch_size=len(x), max_iter=steps, tol=0.0,
        learning_rate_init=learning_rate, n_iter_no_change=steps, random_state=seed,
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return network.fit(x, y, sample_weight)
