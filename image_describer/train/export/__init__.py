"""A trained model as the files of a bundle."""
