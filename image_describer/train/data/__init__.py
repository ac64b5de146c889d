"""Data sets: read from whatever layout they have, mixed, cleaned and checked."""
