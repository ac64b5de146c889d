"""The widgets of the windows: one file each, worked by keys and spoken by self-voicing."""
