"""Descriptions as sentences to speak and as records to save."""
