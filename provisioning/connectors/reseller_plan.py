"""The reseller plan: an ordinary product that has nothing to deliver outside. It answers "delivered" at once;
opening the storefront is what our own side does on hearing that the subscription is active."""

from datetime import timedelta

from core.languages import for_later
from provisioning.connectors.base import Action, Capabilities, Field, Outcome, Request

# Words that are, or may become, an address of ours on the distributor's host, or that would mislead a
# customer.
RESERVED_ALIASES = frozenset(
    """
    about account accounts admin administrator alias api app apps apply assets auth basket billing blog
    cart catalog catalogue checkout cloud console contact contracts customer customers dashboard demo
    distributor docs download downloads favicon feed files forgot healthz help home hooks host hosts img
    images imprint inbox index internal invitation invitations invoice invoices join jobs js css fonts
    legal livez login logout mail media metrics new news null order orders p partner partners pay payment
    payments plan plans platform portal press pricing privacy product products profile programme
    programmes public quote quotes readyz register report reports reseller resellers reset robots root
    sandbox search security service services session sessions settings setup shop shops sign-in sign-out
    sign-up signin signout signup sitemap sso staff static status store storefront storefronts stripe
    subscription subscriptions support switch system task tasks team terms test theme themes tools
    undefined upload uploads user users vendor vendors webhook webhooks well-known work www
    """.split()  # noqa: SIM905  (a list of 140 words reads better as words)
)


class ResellerPlan:
    key = "reseller_plan"
    label = "Reseller plan"
    keeps_because = for_later("A reseller plan belongs to its reseller.")
    fields = (
        Field(
            "alias",
            "Storefront alias",
            "alias",
            hint="The name in your portal's address, for example brightfield.",
            reserved=RESERVED_ALIASES,
        ),
    )
    capabilities = Capabilities(
        idempotent=True,
        look_up=True,
        actions=frozenset(Action) - {Action.TRANSFER},
        timeout=timedelta(seconds=1),
        send_deadline=timedelta(seconds=5),
        settle=timedelta(seconds=7),
        slots=16,
    )

    def check(self, request: Request) -> None:
        """Nothing outside to ask; the form of the alias is checked as every field is."""

    def provision(self, request: Request) -> Outcome:
        return Outcome(request.external_id or request.reference, note="The plan is active.")

    def change(self, request: Request) -> Outcome:
        return self._same(request, "The plan was changed.")

    def suspend(self, request: Request) -> Outcome:
        return self._same(request, "The plan is suspended.")

    def resume(self, request: Request) -> Outcome:
        return self._same(request, "The plan is active again.")

    def end(self, request: Request) -> Outcome:
        return self._same(request, "The plan has ended.")

    def look_up(self, request: Request) -> Outcome | None:
        """The answer follows from the request alone, so it is the same before and after."""
        return getattr(self, request.action.value)(request)

    def _same(self, request: Request, note: str) -> Outcome:
        return Outcome(request.external_id or request.reference, note=note)
