"""`python -m sandbox.moods stripe|vendor MOOD`: how the simulators of a running installation behave, from the
command line; the pages /_sandbox/ of both do the same with forms.

    python -m sandbox.moods stripe dropped              no webhook arrives any more
    python -m sandbox.moods stripe delayed --seconds 30
    python -m sandbox.moods stripe api:down             Stripe does not answer
    python -m sandbox.moods vendor refuse --message "Not sold in this country."
    python -m sandbox.moods vendor timeout_after_success --seconds 12 --chance 0.5
    python -m sandbox.moods stripe normal; python -m sandbox.moods vendor instant
"""

import json
import os
from pathlib import Path
from typing import Any

import click
import httpx

from sandbox import ports
from sandbox.stripe.moods import API, WEBHOOKS
from sandbox.vendor.moods import KINDS

STRIPE = (*WEBHOOKS, *(f"api:{mode}" for mode in API if mode != "normal"))


@click.group(help=__doc__)
@click.option(
    "--instance",
    envvar="INSTANCE",
    default="instance",
    type=click.Path(path_type=Path),
    help="The folder of the installation that runs.",
)
@click.pass_context
def main(context: click.Context, instance: Path) -> None:
    """Moods of the simulators."""
    context.obj = instance


@main.command("stripe")
@click.argument("mood", type=click.Choice(STRIPE))
@click.option("--account", default="*", help="acct_...; every account, if not said.")
@click.option("--seconds", type=float, help="How late, or how slow.")
@click.option(
    "--copies", type=int, help="How often the same event comes, or after how many failures it ends."
)
@click.pass_obj
def stripe(instance: Path, mood: str, account: str, seconds: float | None, copies: int | None) -> None:
    """How Stripe behaves; `normal` makes everything well again."""
    part, _, mode = mood.rpartition(":")
    more = {name: value for name, value in (("seconds", seconds), ("copies", copies)) if value is not None}
    wanted: dict[str, Any] = {part or "webhooks": {"mode": mode, **more}}
    if mood == "normal":
        wanted = {"webhooks": "normal", "api": "normal"}
    tell(address(instance, "stripe"), {"account": account, **wanted})
    click.echo(f"Stripe's sandbox is in the mood “{mood}” for {'everybody' if account == '*' else account}.")


@main.command("vendor")
@click.argument("mood", type=click.Choice(KINDS))
@click.option("--seconds", type=float, default=0.0)
@click.option("--chance", type=float, default=1.0)
@click.option("--message", default="")
@click.option("--sku", default="", help="Only for this SKU.")
@click.option("--idempotent", is_flag=True, help="A repeated reference is recognised.")
@click.pass_obj
def vendor(
    instance: Path, mood: str, seconds: float, chance: float, message: str, sku: str, idempotent: bool
) -> None:
    """How the vendor behaves; `instant` makes everything well again."""
    wanted = {"kind": mood, "seconds": seconds, "chance": chance, "message": message}
    scope = {"scope": "sku", "of": sku} if sku else {}
    moods = [] if mood == "instant" else [wanted | scope]
    tell(address(instance, "vendor"), {"moods": moods, "idempotent": idempotent})
    click.echo(f"The vendor is in the mood “{mood}”.")


def address(instance: Path, name: str) -> str:
    """Where a simulator listens: as the environment says, or as the installation remembers."""
    if told := os.environ.get(f"{name.upper()}_SANDBOX_URL"):
        return told
    remembered = instance / "ports.json"
    if not remembered.exists():
        raise click.ClickException(
            f"{remembered} is not there: start the installation with `make run` first."
        )
    return f"http://{ports.HOST}:{json.loads(remembered.read_text())[name]}"


def tell(url: str, mood: dict[str, Any]) -> None:
    """Posts it; what the simulator does not like is said in its own words."""
    try:
        answer = httpx.post(f"{url}/_sandbox/moods", json=mood, timeout=10)
    except httpx.HTTPError as away:
        raise click.ClickException(f"Nobody answers at {url}: is the installation running?") from away
    if not answer.is_success:
        raise click.ClickException(answer.text[:500])


if __name__ == "__main__":
    main()
