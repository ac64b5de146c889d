"""Self-voicing: what the window says about itself, and when."""
