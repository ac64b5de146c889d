"""The spoken file chooser, worked by keys."""
