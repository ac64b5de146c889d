"""The widgets of the window, usable by keyboard and announced by the self-voicing layer."""
