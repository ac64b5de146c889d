"""The networks of the original systems; the attention LSTM that ships is ``train/captioner.py``.

A network that says words is a ``keras.Model`` with three ways in:

- called on ``{"picture": (B, ...), "words": (B, T) ids}`` it gives logits (B, T, V), those of the
  word after each; with ``"last": (B,)`` beside them only those after the word at that place:
  (B, V);
- ``begin(picture)`` gives the state before the first word, a tuple of arrays (B, ...);
- ``step(words (B,), state)`` gives logits (B, V), the next state, and where it looked: (B, R), or
  None for a network without attention.
"""
