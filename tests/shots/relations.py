"""Who knows whom: customers are added and removed, companies are invited, providers compared."""

from tests.shots.acts import all_of, checks, mail, opens, press, send, to_link
from tests.shots.camera import STAY, Chapter, Stop
from tests.shots.stops import lists

ADDED = {"email": "mira@meadow.example", "company": "Meadow Farms", "comment": "Met at the fair; pays late."}

CHAPTERS = [
    Chapter(
        "Relations of a reseller",
        "hugo@",
        "",
        (
            *lists("reseller", invitations="invitations"),
            Stop("reseller-providers", "/reseller/providers"),
            Stop("reseller-directory", "/reseller/providers/directory"),
            Stop(
                "reseller-directory-none-match",
                "/reseller/providers/directory",
                "/reseller/providers/directory?q=nothing-like-it",
            ),
            Stop("reseller-directory-ask", "", "/reseller/providers/directory", then=opens("Ask")),
            Stop(
                "reseller-directory-asked",
                "",
                "/reseller/providers/directory",
                then=all_of(opens("Ask"), send("form[action$='/ask']", words="We sell in Spain, too.")),
            ),
            Stop(
                "reseller-add-customer-without-link",
                "",
                "/reseller/customers/invite",
                then=send("form[data-guard]", email="mira@meadow.example", words="Come to us!"),
            ),
            Stop(
                "reseller-customer-added",
                "",
                "/reseller/customers/invite",
                then=send("form[data-guard]", **ADDED),
            ),
            Stop(
                "reseller-customer-about-wrong", "", STAY, then=send("form:has([name=comment])", company="")
            ),
            Stop("reseller-customer-remove", "", STAY, then=opens("Remove this customer")),
            Stop("reseller-customers-removed", "", "/reseller/customers?show=removed"),
            Stop(
                "reseller-customer-held",
                "",
                "/reseller/customers",
                row="Acorn",
                then=send("form[action$='/remove']"),
            ),
        ),
    ),
    Chapter(
        "Customers that the provider creates, as the reseller asks",
        "hugo@",
        "",
        (
            *lists("reseller", **{"customer-requests": "customers/requests"}),
            Stop("reseller-invite-indirect", "", "/reseller/customers/invite"),
            Stop("reseller-customer-request-new", "/reseller/customers/requests/new"),
            Stop(
                "reseller-customer-request-wrong",
                "",
                STAY,
                then=send("form[data-guard]", company="", email="no address", words="Soon, please."),
            ),
            Stop(
                "reseller-customer-request",
                "/reseller/customers/requests/<code>",
                "/reseller/customers/requests",
                row="Sluis",
            ),
            Stop(
                "reseller-customer-request-declined",
                "",
                "/reseller/customers/requests",
                row="Lighthouse",
            ),
            Stop("reseller-customer-indirect", "", "/reseller/customers", row="Willow"),
            Stop("reseller-customer-rights-asked", "", "/reseller/customers", row="Acorn"),
        ),
    ),
    Chapter(
        "Admin rights that are asked for",
        "anna@acorn",
        "/harbour",
        (
            Stop("customer-rights-asked", "/admin-rights"),
            Stop("customer-rights-wrong", "", STAY, then=send("form[action$='/admin-rights']")),
            Stop(
                "customer-rights-given",
                "",
                STAY,
                then=all_of(checks("input[name=rights][value=yes]"), press("Answer", exact=True)),
            ),
            Stop("customer-rights-remove", "", STAY, then=opens("What a removal means")),
            Stop("customer-rights-remove-wrong", "", STAY, then=send("form[action$='/remove']")),
        ),
    ),
    Chapter(
        "Customers that the provider creates",
        "nora@",
        "",
        (
            *lists("distributor", **{"customer-requests": "customers/requests"}),
            Stop(
                "distributor-customer-request",
                "/distributor/customers/requests/<code>",
                "/distributor/customers/requests",
                row="Sluis",
            ),
            Stop("distributor-customer-request-decline", "", STAY, then=opens("Decline")),
            Stop(
                "distributor-customer-new",
                "/distributor/resellers/<code>/customers/new",
                "/distributor/resellers",
                row="Harbour",
                then=to_link("/customers/new"),
            ),
            Stop(
                "distributor-customer-new-wrong",
                "",
                STAY,
                then=send("form[data-guard]", company="", email="no address"),
            ),
            Stop(
                "distributor-programme-relations",
                "/distributor/programmes/<code>/relations",
                "/distributor/programmes/cloud-solutions/relations",
            ),
            Stop(
                "distributor-programme-relations-wrong",
                "",
                STAY,
                then=send("form[data-guard]", region="NL XX"),
            ),
            Stop("distributor-customer-indirect", "", "/distributor/customers", row="Willow"),
            Stop(
                "distributor-customer-created",
                "",
                "/distributor/customers/requests",
                row="Sluis",
                then=press("Create the customer"),
            ),
        ),
    ),
    Chapter(
        "Customers that the provider created come in",
        "",
        "/harbour",
        (
            Stop(
                "invitation-rights",
                "",
                STAY,
                then=mail("saskia@sluisdental.example", "invites", "/invitations/"),
            ),
            Stop("invitation-rights-wrong", "", STAY, then=send(name="Saskia Mol", password="short")),
        ),
    ),
    Chapter(
        "Relations of a reseller that is no partner",
        "kira@",
        "",
        (Stop("reseller-providers-denied", "", "/reseller/providers"),),
    ),
    Chapter(
        "Relations of the distributor",
        "nora@",
        "",
        (
            *lists(
                "distributor",
                **{
                    "partner-invitations": "partner-invitations",
                    "partner-requests": "partner-invitations/requests",
                    "invitations": "invitations",
                },
            ),
            Stop(
                "distributor-partner-invitation",
                "/distributor/partner-invitations/<code>",
                "/distributor/partner-invitations",
                row="Meridian",
            ),
            Stop("distributor-partner-invitation-new", "/distributor/partner-invitations/new"),
            Stop(
                "distributor-partner-invitation-wrong",
                "",
                STAY,
                then=send("form[data-guard]", company="Osprey", name="", email="no address"),
            ),
            Stop(
                "distributor-partner-request",
                "/distributor/partner-invitations/requests/<code>",
                "/distributor/partner-invitations/requests",
                row="Solaris",
            ),
            Stop("distributor-partner-request-decline", "", STAY, then=opens("Decline")),
            Stop("distributor-visibility", "/distributor/visibility"),
            Stop("distributor-directory", "/distributor/directory"),
            Stop(
                "distributor-directory-wrong",
                "",
                STAY,
                then=send("form[data-guard]", about=""),
            ),
            Stop(
                "distributor-reseller-people",
                "/distributor/resellers/<code>/people",
                "/distributor/resellers",
                row="Harbour",
                then=to_link("/people"),
            ),
            Stop(
                "distributor-reseller-people-wrong",
                "",
                STAY,
                then=send("form:has([name=email])", email="no address"),
            ),
        ),
    ),
    Chapter(
        "A company that is invited",
        "",
        "",
        (
            Stop(
                "partnership",
                "/partnerships/<token>",
                STAY,
                then=mail("mara@meridian.example", "invites", "/partnerships/"),
            ),
            Stop("partnership-wrong", "", STAY, then=send("main form", password="short")),
            Stop("partnership-ended", "", "/partnerships/nothing"),
        ),
    ),
]
