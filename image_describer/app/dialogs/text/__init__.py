"""Ctrl+T: a window with what is written in a picture."""
