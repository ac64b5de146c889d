"""The small parts of a bundle that are fitted to its encoder."""
