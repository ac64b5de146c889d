"""One's own pictures: described by the thousand, found by words, with words written into them."""
