"""What is written in a picture: text in reading order, QR and bar codes, pages of documents."""
