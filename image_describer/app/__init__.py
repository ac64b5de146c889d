"""The window: opens a picture, shows it, says what it shows. Only this package uses Tkinter."""
