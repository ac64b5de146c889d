"""Opening pictures: a file, bytes or an image becomes upright RGB pixels with notes about them."""
