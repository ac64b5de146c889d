"""The training loop, and the losses and rewards that it is given."""
