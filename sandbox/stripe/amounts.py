"""Amounts in Stripe's minor units: how many decimals a currency has, what a charge costs, how a sum is
written (https://docs.stripe.com/currencies)."""

from .refusals import Refusal, bad_parameter

WHOLE = frozenset(
    (
        *("bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga"),
        *("pyg", "rwf", "vnd", "vuv", "xaf", "xof", "xpf"),
    )
)
THOUSANDTHS = frozenset(("bhd", "jod", "kwd", "omr", "tnd"))
HUNDREDFOLD = frozenset(("isk", "ugx"))  # no decimals in life, two in the API
SMALLEST, LARGEST = 50, 99_999_999


def decimals(currency: str) -> int:
    return 0 if currency in WHOLE else 3 if currency in THOUSANDTHS else 2


def written(amount: int, currency: str) -> str:
    """12345, "eur" -> "EUR 123.45"; the currency is always named, as many shops meet on one page."""
    places = decimals(currency)
    sign, digits = "-" if amount < 0 else "", f"{abs(amount):0{places + 1}d}"
    whole, part = (digits[:-places], f".{digits[-places:]}") if places else (digits, "")
    return f"{currency.upper()} {sign}{int(whole):,}{part}"


def fee_of(amount: int) -> int:
    """1.5 % rounded half up, plus 25 minor units."""
    return (amount * 15 + 500) // 1000 + 25


def check_total(total: int, currency: str) -> None:
    if total < SMALLEST:
        raise Refusal(
            f"The Checkout Session's total amount must be at least {written(SMALLEST, currency)}.",
            code="amount_too_small",
        )
    if total > LARGEST:
        raise Refusal(f"Amount must be no more than {written(LARGEST, currency)}", code="amount_too_large")
    check_step(total, currency)


def check_step(amount: int, currency: str) -> None:
    if currency in THOUSANDTHS and amount % 10:
        raise bad_parameter(
            f"Invalid amount: the last digit of an amount in {currency.upper()} must be 0.", "amount"
        )
    if currency in HUNDREDFOLD and amount % 100:
        raise bad_parameter(
            f"Invalid amount. Currency {currency.upper()} has become effectively zero-decimal and charged "
            "amounts must be evenly divisible by 100.",
            "amount",
            "invalid_charge_amount_no_decimal_compatible",
        )
