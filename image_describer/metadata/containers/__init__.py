"""The container formats of picture files: one module each, which reads and rewrites its parts."""
