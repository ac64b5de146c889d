"""The input of training: what the frozen part of a network computes, cached or live."""
