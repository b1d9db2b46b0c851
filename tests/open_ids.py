"""Why a behaviour that was asked for is open still: what it rests on is not built yet. Everything else
that is open has not been asked for."""

WAITS_FOR = {
    "H43": "Portals are created and upgraded from the partner's console; renewing one waits for renewals.",
    "M17": "Who leaves direct bill loses sandbox and API; there is no API yet to be lost.",
    "U10": "An account is created and supported; charging after its trial waits for renewals.",
    "U11": "Shown with the trial of an account (U10).",
}
