"""Reading and rewriting the containers that hold metadata: JPEG, PNG, WebP and TIFF."""
