"""The five original systems that this project grew from."""
