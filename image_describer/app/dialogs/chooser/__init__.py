"""The spoken file chooser: folders and pictures, by keyboard."""
