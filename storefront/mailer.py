"""Draws a mail and hands it to the mail server, outside any transaction. A mail has an HTML part in the
shop's theme and a plain text twin, and a Message-ID that is the same however often it has to be sent, so
that a repeat is recognised (QC9). Nothing that people typed can add a header."""

import smtplib
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import localtime
from functools import cache
from ipaddress import ip_address
from typing import Any
from urllib.parse import unquote, urlsplit

from jinja2 import Environment, StrictUndefined, select_autoescape

from core import languages
from core.faults import fault
from core.settings import settings
from core.tasks import Again, NeedsPerson
from whitelabel_themes import tokens
from whitelabel_themes.loader import Theme, environment_for, give_words
from whitelabel_themes.schema import Settings

PATIENCE = 8.0  # seconds for each word of the mail server
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=5), timedelta(minutes=10)
LONGEST_NAME = 120
LOGO = "logo"  # Content-ID of the shop's picture


@dataclass(frozen=True, slots=True)
class Sender:
    """The shop a mail comes from. `reply_to`: who answers; links in the mail begin with `url`."""

    name: str
    legal_name: str
    url: str
    logo: bytes | None  # a PNG; it travels with the mail, because mail programs fetch no pictures
    reply_to: str
    theme: Theme
    settings: Settings
    address: str | None = None

    @property
    def logo_url(self) -> str | None:
        """The picture inside the mail (RFC 2392)."""
        return f"cid:{LOGO}" if self.logo else None

    @property
    def support_email(self) -> str:
        """Shown at the foot of the mail."""
        return self.reply_to


@dataclass(frozen=True, slots=True)
class Mail:
    """What one mail says: `template` names the pair mail/<template>.html and .txt, `values` is what they
    show. It is drawn in the `language` its words were said in."""

    template: str
    sender: Sender
    to: str
    name: str
    subject: str
    reason: str
    values: Mapping[str, Any] = field(default_factory=dict[str, Any])
    language: str = field(default_factory=languages.language)


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail on its way: `reference` is fixed for (template, object, event), `attempts` how often it was
    tried."""

    mail: Mail
    reference: str
    attempts: int = 0


def draw(mail: Mail) -> tuple[str, str]:
    """HTML and text of a mail, in the theme of its shop and in the mail's language."""
    values = {
        **mail.values,
        "shop": mail.sender,
        "subject": mail.subject,
        "reason": mail.reason,
        "name": one_line(mail.name),
        "language": mail.language,
        "look": tokens.mail_look(mail.sender.settings),
    }
    templates = environment_for(mail.sender.theme, _environment(), mail.language)
    html, text = (templates.get_template(f"mail/{mail.template}.{kind}") for kind in ("html", "txt"))
    with languages.speaking(mail.language):
        return html.render(values), text.render(values)


@cache
def _environment() -> Environment:
    """HTML escapes what it shows, text does not; a value that is missing is an error."""
    environment = Environment(
        autoescape=select_autoescape(("html",), default=False),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    give_words(environment, languages._, languages.form_of, languages.said_in)
    return environment


def compose(letter: Letter) -> EmailMessage:
    """The message as it goes out; NeedsPerson when nobody can be written to at the address."""
    mail = letter.mail
    html, text = draw(mail)
    message = EmailMessage(policy=SMTP)
    message["From"] = _person(mail.sender.name, settings().mail_from)
    message["To"] = _person(mail.name, mail.to)
    message["Reply-To"] = _person(mail.sender.name, mail.sender.reply_to)
    message["Subject"] = one_line(mail.subject, 200)
    message["Date"] = localtime()
    message["Message-ID"] = f"<{mail.template}.{letter.reference}@{settings().mail_from.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text)
    message.add_alternative(html, subtype="html")
    drawn = message.get_body(("html",))
    if mail.sender.logo and drawn:
        drawn.add_related(mail.sender.logo, "image", "png", cid=f"<{LOGO}>")
    return message


def one_line(words: str, longest: int = LONGEST_NAME) -> str:
    """Typed words as part of a header: no line ends, no other control signs, not endless."""
    line = " ".join("".join(sign if sign.isprintable() else " " for sign in words).split())
    return line if len(line) <= longest else f"{line[: longest - 1]}…"


def _person(name: str, email: str) -> Address:
    try:
        return Address(display_name=one_line(name), addr_spec=email)
    except (ValueError, IndexError, MessageError):
        raise NeedsPerson(
            f"Nobody can be written to at “{one_line(email)}”: this is no e-mail address."
        ) from None


def send(letter: Letter) -> None:
    """Hands the mail to the server. A server that is away or busy is asked again, for ever; one that
    refuses the address needs a person."""
    message = compose(letter)
    fault("mail.before_send")
    try:
        with _server() as server:
            server.send_message(message)
    except (smtplib.SMTPRecipientsRefused, smtplib.SMTPSenderRefused, smtplib.SMTPDataError) as refusal:
        _refused(refusal, letter)
    except smtplib.SMTPNotSupportedError as error:
        raise NeedsPerson(f"The mail server cannot take this mail: {error}") from error
    except (smtplib.SMTPException, OSError) as away:
        raise Again(_pause(letter), f"The mail server does not take mail right now: {away}") from away
    fault("mail.sent")


def _refused(refusal: Exception, letter: Letter) -> None:
    """SMTP's own distinction: 4xx may pass, 5xx will not (RFC 5321, 4.2.1)."""
    code, words = _answer(refusal)
    if code < 500:
        raise Again(_pause(letter), f"The mail server asks to try later: {code} {words}") from refusal
    raise NeedsPerson(f"The mail server refuses this mail: {code} {words}") from refusal


def _answer(refusal: Exception) -> tuple[int, str]:
    if isinstance(refusal, smtplib.SMTPRecipientsRefused):
        code, words = next(iter(refusal.recipients.values()))
    elif isinstance(refusal, smtplib.SMTPResponseException):
        code, words = refusal.smtp_code, refusal.smtp_error
    else:
        code, words = 400, str(refusal)
    return code, one_line(words.decode(errors="replace") if isinstance(words, bytes) else words, 300)


def _pause(letter: Letter) -> timedelta:
    """Growing, so that a server that comes back is not stormed."""
    return min(FIRST_WAIT * 2 ** min(letter.attempts, 12), LONGEST_WAIT)


def _server() -> smtplib.SMTP:
    """A connection by SMTP_URL: smtp://host:port (TLS where the server offers it) or smtps://host:port, with
    user:password@ if it wants one. A password never goes over the network in clear."""
    where = urlsplit(settings().smtp_url)
    host = where.hostname or "127.0.0.1"
    if where.scheme == "smtps":
        server: smtplib.SMTP = smtplib.SMTP_SSL(host, where.port or 465, timeout=PATIENCE, context=_tls())
    else:
        server = smtplib.SMTP(host, where.port or 25, timeout=PATIENCE)
        server.ehlo_or_helo_if_needed()
        if not _is_here(host) and server.has_extn("starttls"):
            server.starttls(context=_tls())
        elif where.username and not _is_here(host):
            server.close()
            raise NeedsPerson(
                "The mail server offers no TLS, so the password in SMTP_URL was not sent to it."
            )
    if where.username:
        server.login(unquote(where.username), unquote(where.password or ""))
    return server


@cache
def _tls() -> ssl.SSLContext:
    """Made once: reading the list of authorities takes longer than drawing a mail."""
    return ssl.create_default_context()


def _is_here(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
