"""The SMTP side: says yes when the mail is on disk, and no to the two domains that are for trying a no."""

from aiosmtpd.smtp import SMTP, Envelope, Session

from sandbox.inbox.mails import Mails

REFUSED = "refused.example"
LATER = "later.example"


class Taker:
    """What aiosmtpd calls as a conversation goes on."""

    def __init__(self, mails: Mails) -> None:
        self.mails = mails

    async def handle_RCPT(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        domain = address.rpartition("@")[2].lower()
        if domain == REFUSED:
            return "550 No such person here"
        if domain == LATER:
            return "451 Try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        content = envelope.original_content or b""
        self.mails.add(envelope.mail_from or "", [address or "" for address in envelope.rcpt_tos], content)
        return "250 Kept"
