"""Work that runs beside the window, and what the window does with its results."""
