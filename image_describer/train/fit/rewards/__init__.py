"""Rewards of sampled captions: CIDEr-D, BLEU-4 and METEOR."""
