"""ASGI middleware of the service: access control, limits and the access log."""
