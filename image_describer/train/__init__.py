"""Retraining: ``python -m image_describer.train``. The only room that imports TensorFlow."""
