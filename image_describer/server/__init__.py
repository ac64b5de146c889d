"""The REST service: the describer for other programs on this computer, or in the house."""
