"""Captions and embeddings compared with what people wrote."""
