"""A number of units as people read it."""


def counted(quantity: int, unit: str) -> str:
    """1 seat, 10 seats."""
    return f"{quantity} {unit}" if quantity == 1 else f"{quantity} {unit}s"
