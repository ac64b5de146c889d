"""From the pixels of a picture to its description."""
