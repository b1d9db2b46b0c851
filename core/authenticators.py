"""What is said to a browser about passkeys and what its answers prove (WebAuthn, level 2). The only file that
knows the library; it takes values and gives values. Imported where a passkey is used and not before: it is
18 MB of a process."""

from collections.abc import Sequence
from dataclasses import dataclass

from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import (
    parse_authentication_credential_json,
    parse_client_data_json,
    parse_registration_credential_json,
)
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

# What the library says of answers that are none; one that is nested without an end included.
NONSENSE = (WebAuthnException, ValueError, KeyError, TypeError, RecursionError)


class NotProven(ValueError):
    """The answer does not prove what it should."""


@dataclass(frozen=True, slots=True)
class Made:
    """A passkey that an authenticator has made for us."""

    credential_id: bytes
    public_key: bytes
    sign_count: int


@dataclass(frozen=True, slots=True)
class Said:
    """What an answer claims before anything is checked: by which passkey, to which challenge."""

    credential_id: bytes
    challenge: bytes


def to_make(
    *, host: str, shop: str, person: bytes, email: str, name: str, challenge: bytes, known: Sequence[bytes]
) -> str:
    """What the browser needs to make a passkey, as JSON; not a second one on a device that has one."""
    options = generate_registration_options(
        rp_id=host,
        rp_name=shop,
        user_id=person,
        user_name=email,
        user_display_name=name,
        challenge=challenge,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.PREFERRED,
            user_verification=UserVerificationRequirement.PREFERRED,
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=one) for one in known],
    )
    return options_to_json(options)


def to_show(*, host: str, challenge: bytes, known: Sequence[bytes], verified: bool) -> str:
    """What the browser needs to show a passkey, as JSON: one of those known, or any. `verified`: the device
    has to know its owner, by a finger or a PIN."""
    wanted = UserVerificationRequirement.REQUIRED if verified else UserVerificationRequirement.PREFERRED
    options = generate_authentication_options(
        rp_id=host,
        challenge=challenge,
        allow_credentials=[PublicKeyCredentialDescriptor(id=one) for one in known],
        user_verification=wanted,
    )
    return options_to_json(options)


def made(answer: str, *, challenge: bytes, host: str, origin: str) -> Made:
    """The passkey of an answer; NotProven."""
    try:
        found = verify_registration_response(
            credential=answer, expected_challenge=challenge, expected_rp_id=host, expected_origin=origin
        )
    except NONSENSE as error:
        raise NotProven(str(error)) from error
    return Made(found.credential_id, found.credential_public_key, found.sign_count)


def said_by_new(answer: str) -> bytes:
    """The challenge that a new passkey claims to answer; NotProven for nonsense."""
    try:
        return _challenge(parse_registration_credential_json(answer).response.client_data_json)
    except NONSENSE as error:
        raise NotProven(str(error)) from error


def said(answer: str) -> Said:
    """What a shown passkey claims; NotProven for nonsense."""
    try:
        found = parse_authentication_credential_json(answer)
        return Said(found.raw_id, _challenge(found.response.client_data_json))
    except NONSENSE as error:
        raise NotProven(str(error)) from error


def shown(
    answer: str, *, challenge: bytes, host: str, origin: str, public_key: bytes, count: int, verified: bool
) -> int:
    """The authenticator's own count of uses, once its signature is checked; NotProven."""
    try:
        found = verify_authentication_response(
            credential=answer,
            expected_challenge=challenge,
            expected_rp_id=host,
            expected_origin=origin,
            credential_public_key=public_key,
            credential_current_sign_count=count,
            require_user_verification=verified,
        )
    except NONSENSE as error:
        raise NotProven(str(error)) from error
    return found.new_sign_count


def _challenge(client_data: bytes) -> bytes:
    return parse_client_data_json(client_data).challenge
