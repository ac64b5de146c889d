"""What a picture file says about itself: XMP, alt text, and the containers that hold them."""
