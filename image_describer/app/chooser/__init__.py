"""The spoken file chooser: folders and pictures by keys, in place of the dialog that Tk draws.

``window.py`` shows it; the other files are what it knows, without Tk: ``listing`` reads a folder,
``typed`` understands a typed path, ``places`` says where to begin, ``facts`` what a file is.
"""
