"""Readers of data sets, one module for each format.

Each has `recognizes(path)`, and `read(path)` for a path that it recognizes.
"""
