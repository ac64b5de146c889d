"""Learning to tell photographs from charts, screenshots and the like."""

from image_describer.train.heads.photo_check.classifier import fit as fit
