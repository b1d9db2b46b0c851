"""What several chapters show alike: a list in two states, and the terms that somebody publishes."""

from tests.shots.camera import Stop

TERMS = """# Terms of sale

## What you buy
You buy the right to use a cloud service for its term. The vendor's own terms of use apply as well.

## Payment
- Prices are net; VAT is added.
- Invoices are due at once when paid by card.

## Ends
A subscription runs until the end of its term and may be cancelled until then."""


def lists(side: str, **names: str) -> tuple[Stop, ...]:
    """A list as it is, and when nothing matches."""
    return tuple(
        stop
        for name, path in names.items()
        for stop in (
            Stop(f"{side}-{name}", f"/{side}/{path}"),
            Stop(f"{side}-{name}-none-match", f"/{side}/{path}", f"/{side}/{path}?q=nothing-like-it"),
        )
    )
