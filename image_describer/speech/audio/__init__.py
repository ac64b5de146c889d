"""Audio output: the device, the mixer, time stretching, players and sound files."""
