"""Routes of nobody, of everybody, of whoever holds a link, and of one's own session."""

from tests.tenancy.routes.owners import PUBLIC, Owner, Route

ROUTES: dict[str, Route] = {
    "GET /favicon.ico": Route(Owner.MACHINE),
    "GET /livez": Route(Owner.MACHINE),
    "GET /readyz": Route(Owner.MACHINE),
    "GET /healthz": Route(Owner.MACHINE),
    "GET /metrics": Route(Owner.MACHINE),
    "POST /webhooks/stripe/<code>": Route(Owner.MACHINE),
    "GET /": Route(PUBLIC),
    "GET /demo": Route(PUBLIC, ok=(200, 303, 404)),
    "GET /help": Route(PUBLIC),
    "GET /terms": Route(PUBLIC),
    "GET /search": Route(PUBLIC, query="q=patch"),
    "GET /suggest": Route(PUBLIC, query="q=patch"),
    "GET /compare": Route(PUBLIC, query="product=patch"),
    "GET /c/<slug>": Route(PUBLIC, {"slug": "=security"}),
    "GET /robots.txt": Route(PUBLIC),
    "GET /sitemap.xml": Route(PUBLIC),
    "GET /sitemaps/<part>.xml": Route(PUBLIC, {"part": "=pages"}),
    "GET /p/<code>": Route(PUBLIC, {"code": "=patch"}),
    "GET /p/<code>/price": Route(PUBLIC, {"code": "=patch"}, query="quantity=2"),
    "GET /images/<name>.png": Route(PUBLIC, {"name": "=nothing"}, ok=(404,)),
    "GET /pictures/<size>/<name>.png": Route(PUBLIC, {"size": "=card", "name": "=nothing"}, ok=(404,)),
    "GET /theme/<version>.css": Route(PUBLIC, {"version": "version"}),
    "POST /look": Route(PUBLIC, ok=(422,), changes=False),  # a mode is asked for
    "GET /sign-in": Route(PUBLIC),
    "POST /sign-in": Route(PUBLIC, ok=(422,)),
    "GET /home": Route(Owner.VISITOR),
    "GET /sign-in/code": Route(PUBLIC, ok=(303,)),
    "POST /sign-in/code": Route(PUBLIC, ok=(401,)),
    "GET /forgotten": Route(PUBLIC),
    "POST /forgotten": Route(PUBLIC, ok=(200, 422)),
    "GET /forgotten/<token>": Route(Owner.LINK, {"token": "reset"}),
    "POST /forgotten/<token>": Route(Owner.LINK, {"token": "reset"}, form={"password": "Correct-horse-2"}),
    "GET /ticket/<token>": Route(Owner.LINK, {"token": "=nothing"}),
    "GET /profile": Route(Owner.VISITOR),
    "POST /profile/name": Route(Owner.VISITOR, page="/profile", form={"name": "Anna Berg"}),
    "POST /profile/email": Route(
        Owner.VISITOR, page="/profile", form={"email": "anna@new.example", "password": "Correct-horse-1"}
    ),
    "GET /profile/email/<token>": Route(Owner.LINK, {"token": "reset"}),
    "POST /profile/email/<token>": Route(Owner.LINK, {"token": "reset"}),
    "POST /profile/password": Route(
        Owner.VISITOR, page="/profile", form={"old": "Correct-horse-1", "new": "Correct-horse-2"}
    ),
    "POST /profile/sessions/end": Route(Owner.VISITOR, page="/profile"),
    "POST /profile/sessions/<session_id>/end": Route(
        Owner.VISITOR, {"session_id": "session"}, page="/profile"
    ),
    "GET /profile/two-factor": Route(Owner.VISITOR),
    "GET /profile/two-factor/qr.png": Route(Owner.VISITOR, ok=(404,)),
    "POST /profile/two-factor/begin": Route(
        Owner.VISITOR, page="/profile/two-factor", form={"password": "Correct-horse-1"}
    ),
    "POST /profile/two-factor/confirm": Route(Owner.VISITOR, ok=(422,), changes=False),
    "POST /profile/two-factor/codes": Route(Owner.VISITOR, ok=(422,), changes=False),
    "POST /profile/two-factor/off": Route(Owner.VISITOR, ok=(422,), changes=False),
    "GET /profile/consents": Route(Owner.VISITOR),
    "POST /profile/consents/<code>": Route(
        Owner.VISITOR,
        {"code": "=news"},
        page="/profile/consents",
        form={"+agreed": "{use_version}"},
    ),
    # What passkeys do is in tests/portal/test_passkeys.py
    "POST /profile/passkeys/begin": Route(
        Owner.VISITOR, form={"password": "Correct-horse-1"}, ok=(409,), changes=False
    ),
    "POST /profile/passkeys": Route(Owner.VISITOR, ok=(422,), changes=False),
    "POST /profile/passkeys/<passkey_id>/remove": Route(
        Owner.VISITOR,
        {"passkey_id": "=nothing"},
        form={"password": "Correct-horse-1"},
        ok=(404,),
        changes=False,
    ),
    "POST /sign-in/passkey/begin": Route(PUBLIC, ok=(200,)),
    "POST /sign-in/passkey": Route(PUBLIC, ok=(422,)),
    "GET /choose": Route(Owner.VISITOR),
    "POST /choose": Route(Owner.VISITOR, page="/choose", foreign=True, changes=False),
    "POST /sign-out": Route(Owner.VISITOR, changes=False),
    "GET /invitations/<token>": Route(Owner.LINK, {"token": "token"}),
    "POST /invitations/<token>": Route(
        Owner.LINK, {"token": "token"}, form={"name": "Otto", "password": "Correct-horse-2"}
    ),
    "POST /invitations/<token>/again": Route(Owner.LINK, {"token": "token"}, changes=False),
    # Only the house's shop has programmes; what happens there is in tests/portal/test_becoming_a_partner.py
    "GET /partners": Route(PUBLIC, ok=(200, 404)),
    "GET /partners/<code>": Route(PUBLIC, {"code": "=gold"}, ok=(200, 404)),
    "POST /partners/<code>": Route(PUBLIC, {"code": "=gold"}, ok=(404, 422)),
    "GET /applications/<token>": Route(Owner.LINK, {"token": "application_token"}),
    "POST /applications/<token>/answer": Route(Owner.LINK, {"token": "application_token"}),
    "POST /applications/<token>/withdraw": Route(Owner.LINK, {"token": "application_token"}),
    "POST /applications/<token>/sign": Route(Owner.LINK, {"token": "application_token"}),
    "GET /agreements/<code>": Route(PUBLIC, {"code": "=customer-agreement"}, ok=(200, 404)),
    "GET /agreement-links/<token>": Route(Owner.LINK, {"token": "agreement_token"}),
    "POST /agreement-links/<token>": Route(
        Owner.LINK, {"token": "agreement_token"}, form={"name": "Otto", "agreed": "{agreement_version}"}
    ),
    "POST /applications/<token>/renew": Route(Owner.LINK, {"token": "application_token"}),
    "GET /applications/<token>/documents/<uuid:document_id>": Route(
        Owner.LINK, {"token": "application_token", "document_id": "application_document"}
    ),
    "GET /partnerships/<token>": Route(Owner.LINK, {"token": "partnership_token"}),
    "POST /partnerships/<token>": Route(Owner.LINK, {"token": "partnership_token"}),
    "GET /orders/<code>/return": Route(Owner.LINK, {"code": "unpaid"}, query="token={return}"),
    "GET /quote-links/<token>": Route(Owner.LINK, {"token": "quote_token"}),
    "GET /quote-links/<token>/quote.pdf": Route(Owner.LINK, {"token": "quote_token"}),
    "POST /quote-links/<token>/ask": Route(
        Owner.LINK, {"token": "quote_token"}, form={"words": "How long?", "name": "Olga"}
    ),
    "POST /quote-links/<token>/decline": Route(Owner.LINK, {"token": "quote_token"}, form={"name": "Olga"}),
    "POST /quote-links/<token>/agree": Route(Owner.LINK, {"token": "quote_token"}, form={"name": "Olga"}),
}
