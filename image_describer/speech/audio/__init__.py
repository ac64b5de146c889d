"""Audio output: the device, mixing, time stretching, players and sound files."""
