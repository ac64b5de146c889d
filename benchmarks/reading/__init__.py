"""Pictures with known text, drawn by the project: what the benchmarks of reading read."""
