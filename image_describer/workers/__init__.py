"""One pool of describing processes, shared by the batch and the service."""
