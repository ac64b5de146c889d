"""The networks that ship: the Xception encoder, the attention decoder and the joint space."""
