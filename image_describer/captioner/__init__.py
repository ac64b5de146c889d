"""Captioning: pixels become a Description, through the encoder, the decoder and their heads."""
