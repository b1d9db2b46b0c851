"""The distributor's own account at the gateway: its keys, and what it takes of a captured amount."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column

from billing.stripe_gateway import GatewayAccount
from core import db, trail
from core.errors import Refused
from core.ids import new_code
from core.languages import _
from core.money import Money
from core.statements import Statement
from core.tenancy import Access, DistributorOwned


class Gateway(DistributorOwned, db.Model):
    """The distributor's own account at the gateway. The fee is estimated by these figures until the gateway
    reports it."""

    __tablename__ = "gateways"
    __access__ = Access(distributor="rcu", door="r")
    __table_args__ = (UniqueConstraint("distributor_id", "account_id"), UniqueConstraint("code"))

    code: Mapped[str]
    account_id: Mapped[str]
    secret_key: Mapped[str]
    webhook_secret: Mapped[str]
    api_base: Mapped[str]
    fee_basis_points: Mapped[int] = mapped_column(default=150)
    fee_fixed_minor: Mapped[int] = mapped_column(default=25)

    def account(self) -> GatewayAccount:
        """The values the gateway module works with."""
        return GatewayAccount(self.account_id, self.secret_key, self.webhook_secret, self.api_base)

    def expected_fee(self, amount: Money) -> Money:
        """What the gateway will probably keep of a captured amount."""
        return Fees(self.id, self.fee_basis_points, self.fee_fixed_minor).on(amount)


@dataclass(frozen=True, slots=True)
class Fees:
    """What a gateway takes, as far as it is known before it says so."""

    gateway_id: UUID
    basis_points: int
    fixed_minor: int

    def on(self, amount: Money) -> Money:
        """What it will probably keep of a captured amount."""
        return Money(-(-amount.minor * self.basis_points // 10_000) + self.fixed_minor, amount.currency)


def find(gateway_id: UUID | None = None) -> Gateway:
    """The distributor's gateway."""
    chosen = select(Gateway).order_by(Gateway.id).limit(1)
    found = db.session().scalar(chosen.where(Gateway.id == gateway_id) if gateway_id else chosen)
    if found is None:
        raise NoGateway
    return found


class NoGateway(Refused):
    """The distributor has no account at a gateway."""

    def __init__(self) -> None:
        super().__init__(_("Card payment is not set up yet. Please contact your provider."))


def fees() -> Fees:
    """What the distributor's gateway takes; NoGateway without one. Its keys are not read."""
    found = FEES.rows()
    if not found:
        raise NoGateway
    return Fees(*found[0])


FEES = Statement(
    select(Gateway.id, Gateway.fee_basis_points, Gateway.fee_fixed_minor).order_by(Gateway.id).limit(1)
)


def save(
    *,
    account_id: str,
    secret_key: str,
    webhook_secret: str,
    fee_basis_points: int,
    fee_fixed_minor: int,
    api_base: str = "https://api.stripe.com",
) -> Gateway:
    """The distributor's account at the gateway from now on; an empty secret keeps the stored one. `api_base`
    is for a new gateway only."""
    found = db.session().scalar(select(Gateway).order_by(Gateway.id).limit(1).with_for_update())
    if found is None:
        if not secret_key:
            raise Refused(_("Enter the secret key of the account."))
        found = db.add(
            Gateway(
                code=new_code("WHK", 12).lower(),
                account_id=account_id,
                secret_key=secret_key,
                webhook_secret="",
                api_base=api_base,
            )
        )
    found.account_id = account_id
    found.secret_key, found.webhook_secret = (
        secret_key or found.secret_key,
        webhook_secret or found.webhook_secret,
    )
    found.fee_basis_points, found.fee_fixed_minor = fee_basis_points, fee_fixed_minor
    db.flush()
    trail.write(
        found,
        "settings changed",
        key="new" if secret_key else "kept",
        webhook_secret="new" if webhook_secret else "kept",
    )
    return found
