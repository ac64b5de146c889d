"""Adding to a finished bundle: new words from one's own pictures."""
