"""Quotes, from the first word to the order, and prices that change on a day."""

from tests.shots.acts import all_of, fill, mail, opens, press, send, to_link
from tests.shots.camera import STAY, Chapter, Stop
from tests.shots.stops import lists

CHAPTERS = [
    Chapter(
        "A reseller quotes",
        "hugo@",
        "",
        (
            *lists("reseller", quotes="quotes"),
            Stop("reseller-quote-new", "/reseller/quotes/new"),
            Stop(
                "reseller-quote-new-wrong",
                "",
                STAY,
                then=send("form[data-guard]", company="Tern Travel", name="", email="no address"),
            ),
            Stop("reseller-quote", "/reseller/quotes/<code>", "/reseller/quotes", row="Acorn"),
            Stop("reseller-quote-withdraw", "", STAY, then=opens("Withdraw")),
            Stop("reseller-quote-asked", "", "/reseller/quotes", row="Lumen"),
            Stop("reseller-quote-draft", "", "/reseller/quotes", row="Marsh Lane"),
            Stop(
                "reseller-quote-draft-found",
                "",
                STAY,
                then=all_of(fill("#find", "copilot"), press("Find plans")),
            ),
            Stop(
                "reseller-quote-draft-wrong",
                "",
                STAY,
                then=send("#draft", valid_until="2001-01-01"),
            ),
            Stop(
                "reseller-quote-version",
                "",
                "/reseller/quotes",
                row="Heron",
                then=press("Change it: new version"),
            ),
        ),
    ),
    Chapter(
        "A customer with quotes",
        "anna@acorn",
        "/harbour",
        (
            Stop("portal-quotes", "/quotes"),
            Stop("portal-quotes-none-match", "", "/quotes?q=nothing-like-it"),
            Stop("portal-quote-wanted", "/quotes/ask", "/quotes/ask?product=0patch-pro"),
            Stop(
                "portal-quote-wanted-wrong",
                "",
                STAY,
                then=all_of(fill("[name^='quantity-']", "many"), send("main form[data-guard]")),
            ),
            Stop(
                "portal-quotes-asked",
                "",
                "/quotes/ask?product=0patch-pro",
                then=all_of(
                    fill("[name^='quantity-']", "300"), send("main form[data-guard]", words="We grow.")
                ),
            ),
            Stop("portal-quote", "/quotes/<code>", "/quotes", then=to_link("/quotes/QUO-")),
            Stop("portal-quote-ask", "", STAY, then=opens("Ask a question")),
            Stop(
                "portal-quote-order",
                "/quotes/<code>/order",
                STAY,
                then=press("Accept and order"),
            ),
        ),
    ),
    Chapter(
        "Whoever holds the link of a quote",
        "",
        "",
        (
            Stop(
                "quote-link",
                "/quote-links/<token>",
                STAY,
                then=mail("maes@heron-clinics.example", "Your quote", "/quote-links/"),
            ),
            Stop("quote-link-ended", "", "/harbour/quote-links/nothing"),
        ),
    ),
    Chapter(
        "The distributor: quotes and price changes",
        "nora@",
        "",
        (
            *lists("distributor", quotes="quotes"),
            Stop("distributor-quote", "/distributor/quotes/<code>", "/distributor/quotes", row="Acorn"),
            *lists("distributor", **{"price-changes": "price-changes"}),
            Stop(
                "distributor-price-change",
                "/distributor/price-changes/<code>",
                "/distributor/price-changes",
                row="Security",
            ),
            Stop("distributor-price-change-new", "/distributor/price-changes/new"),
            Stop(
                "distributor-price-change-wrong",
                "",
                STAY,
                then=send("form[data-guard]", title="", percent__list="much"),
            ),
            Stop(
                "distributor-price-change-product",
                "",
                "/distributor/price-changes/new?product=m365-business-basic",
            ),
        ),
    ),
]
