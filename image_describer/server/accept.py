"""Parsing of Accept headers (RFC 9110, 12.4.2)."""


def ranges(header: str) -> list[tuple[str, float]]:
    """Return the ranges of an Accept or Accept-Language header, each with its quality, 0 to 1."""
    return [_range(part) for part in header.split(",") if part.strip()]


def _range(part: str) -> tuple[str, float]:
    name, *parameters = (piece.strip().lower() for piece in part.split(";"))
    quality = 1.0
    for parameter in parameters:
        key, _unused, value = parameter.partition("=")
        if key.strip() == "q":
            try:
                quality = min(max(float(value), 0.0), 1.0)
            except ValueError:
                quality = 0.0
    return name, quality if quality == quality else 0.0
