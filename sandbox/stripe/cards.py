"""Stripe's documented test cards (https://docs.stripe.com/testing), and what a payment form finds wrong with
what was typed. Of a card only brand, last four digits and expiry are ever kept."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from .refusals import Json


@dataclass(frozen=True)
class Decline:
    code: str
    decline_code: str | None
    message: str


GENERIC = Decline("card_declined", "generic_decline", "Your card was declined.")
NO_FUNDS = Decline("card_declined", "insufficient_funds", "Your card has insufficient funds.")
NOT_A_TEST_CARD = Decline(
    "card_declined",
    "test_mode_live_card",
    "Your card was declined. Your request was in test mode, but used a non test card. For a list of valid "
    "test cards, visit: https://docs.stripe.com/testing.",
)
NOT_AUTHENTICATED = Decline(
    "payment_intent_authentication_failure",
    None,
    "We are unable to authenticate your payment method. "
    "Please choose a different payment method and try again.",
)
CANNOT_ASK = Decline(
    "card_declined",
    "authentication_required",
    "Your card was declined. This transaction requires authentication.",
)
GOOD = {
    "4242424242424242": "visa",
    "4000000000003055": "visa",  # could ask the bank, need not
    "4000000000000259": "visa",  # disputed as fraudulent
    "4000000000002685": "visa",  # disputed as not received
    "4000000000001976": "visa",  # the bank inquires
    "4000056655665556": "visa",
    "5555555555554444": "mastercard",
    "2223003122003222": "mastercard",
    "5200828282828210": "mastercard",
    "5105105105105100": "mastercard",
    "378282246310005": "amex",
    "371449635398431": "amex",
    "6011111111111117": "discover",
    "6011000990139424": "discover",
    "6011981111111113": "discover",
    "3056930009020004": "diners",
    "36227206271667": "diners",
    "3566002020360505": "jcb",
    "6200000000000005": "unionpay",
    "6200000000000047": "unionpay",
    "6205500000000000004": "unionpay",
    "4000000000009235": "visa",  # of elevated risk, and taken
    # by country: Austria, Belgium, Czechia, Denmark, France, Germany, Ireland, Italy, the Netherlands,
    # Poland, Spain, Sweden, Switzerland, the United Kingdom, Canada, Australia, Japan
    "4000000400000008": "visa",
    "4000000560000004": "visa",
    "4000002030000002": "visa",
    "4000002080000001": "visa",
    "4000002500000003": "visa",
    "4000002760000016": "visa",
    "4000003720000005": "visa",
    "4000003800000008": "visa",
    "4000005280000002": "visa",
    "4000006160000005": "visa",
    "4000007240000007": "visa",
    "4000007520000008": "visa",
    "4000007560000009": "visa",
    "4000008260000000": "visa",
    "4000001240000000": "visa",
    "4000000360000006": "visa",
    "4000003920000003": "visa",
}
DECLINED = {
    "4000000000000002": GENERIC,
    "4000000000000341": GENERIC,
    "4000000000009995": NO_FUNDS,
    "4000000000009987": Decline("card_declined", "lost_card", "Your card was declined."),
    "4000000000009979": Decline("card_declined", "stolen_card", "Your card was declined."),
    "4000000000000069": Decline("expired_card", None, "Your card has expired."),
    "4000000000000127": Decline("incorrect_cvc", None, "Your card's security code is incorrect."),
    "4000000000006975": Decline(
        "card_declined",
        "card_velocity_exceeded",
        "Your card was declined for making repeated attempts too frequently or exceeding its amount limit.",
    ),
    "4100000000000019": Decline("card_declined", "fraudulent", "Your card was declined."),
    "4000008400001280": CANNOT_ASK,
    "4000000000000119": Decline(
        "processing_error", None, "An error occurred while processing your card. Try again in a little bit."
    ),
}
DISPUTED = {
    "4000000000000259": "fraudulent",
    "4000000000002685": "product_not_received",
    "4000000000001976": "general",
}
INQUIRED = frozenset(("4000000000001976",))
CHALLENGED: dict[str, Decline | None] = {
    "4000002500003155": None,
    "4000002760003184": None,
    "4000003800000446": None,  # asked where somebody is there, as on the hosted page
    "4000000000003220": None,
    "4000008260003178": NO_FUNDS,
    "4000008400001629": GENERIC,
}


@dataclass(frozen=True)
class Card:
    brand: str
    last4: str
    exp_month: int
    exp_year: int
    decline: Decline | None
    challenged: bool
    disputed: str | None = None
    inquiry: bool = False

    def kept(self) -> Json:
        return {name: getattr(self, name) for name in ("brand", "last4", "exp_month", "exp_year")}


def digits_of(number: str) -> str:
    return re.sub(r"[\s-]", "", number)


def luhn(number: str) -> bool:
    doubled = [int(digit) * (2 if place % 2 else 1) for place, digit in enumerate(reversed(number))]
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0


def expiry_of(text: str) -> tuple[int, int] | None:
    """ "12 / 34" -> (12, 2034)."""
    match = re.fullmatch(r"(\d{1,2})\s*/\s*(\d{2}|\d{4})", text.strip())
    if not match or not 1 <= int(match[1]) <= 12:
        return None
    year = int(match[2])
    return int(match[1]), year if year >= 2000 else year + 2000


def card_of(number: str, month: int, year: int) -> Card:
    number = digits_of(number)
    decline = DECLINED.get(number) or CHALLENGED.get(number)
    if number not in GOOD and number not in DECLINED and number not in CHALLENGED:
        decline = NOT_A_TEST_CARD
    brand = GOOD.get(number) or {"3": "amex", "5": "mastercard", "6": "discover"}.get(number[:1], "visa")
    asked = number in CHALLENGED
    return Card(brand, number[-4:], month, year, decline, asked, DISPUTED.get(number), number in INQUIRED)


def faults_of(number: str, expiry: str, cvc: str) -> dict[str, str]:
    """What the form says before any bank is asked, by field; the words are the hosted page's."""
    faults: dict[str, str] = {}
    number = digits_of(number)
    if not number.isascii() or not number.isdigit() or not 12 <= len(number) <= 19:
        faults["card"] = "Your card number is incomplete."
    elif not luhn(number):
        faults["card"] = "Your card number is invalid."
    moment = expiry_of(expiry)
    today = datetime.now(UTC)
    if moment is None:
        faults["expiry"] = "Your card's expiration date is incomplete."
    elif (moment[1], moment[0]) < (today.year, today.month):
        faults["expiry"] = "Your card's expiration year is in the past."
    if not re.fullmatch(r"\d{4}" if number[:2] in ("34", "37") else r"\d{3}", cvc.strip(), re.ASCII):
        faults["cvc"] = "Your card's security code is incomplete."
    return faults
