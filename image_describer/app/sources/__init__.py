"""Where pictures come from: clipboard, drag and drop, a second start, macOS events."""
