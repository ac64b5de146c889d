"""The dialogs: one file each, with what they share in base."""
