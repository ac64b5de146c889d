"""The layouts that captioned pictures come in: one file each, which recognises and reads it.

What doesn't fit together is counted, left out and told in ``Dataset.problems``. Only data with
nothing to learn from at all is refused.
"""
