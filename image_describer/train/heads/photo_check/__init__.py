"""Telling drawings, screenshots and documents from photographs by a thumbnail."""
