"""The inbox keeps what it was sent, shows it without trusting it, and survives being killed."""

import smtplib
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from email.message import EmailMessage
from pathlib import Path

import httpx
import pytest

from sandbox import children, ports

PIXEL = bytes.fromhex("89504e470d0a1a0a0000000d49484452")


class Inbox:
    """A running inbox, its two ports, and a hand to post with."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.smtp, self._smtp_held = ports.reserve()
        self.http, self._http_held = ports.reserve()
        self.page = httpx.Client(base_url=f"http://127.0.0.1:{self.http}")

    def start(self) -> None:
        where = ["--smtp-port", str(self.smtp), "--http-port", str(self.http), "--data", self.data]
        self.child = children.start([sys.executable, "-m", "sandbox.inbox", *where], log=self.data / "log")
        deadline = time.monotonic() + 60
        while not (ports.listens(self.smtp) and ports.listens(self.http)):
            assert time.monotonic() < deadline, children.tail(self.data / "log")
            time.sleep(0.05)

    def post(self, message: EmailMessage) -> None:
        with smtplib.SMTP("127.0.0.1", self.smtp) as connection:
            connection.send_message(message)

    def messages(self, **query: str) -> list[dict[str, str]]:
        return self.page.get("/messages.json", params=query).json()


@pytest.fixture
def inbox(tmp_path: Path) -> Iterator[Inbox]:
    inbox = Inbox(tmp_path)
    with closing(inbox.page), inbox._smtp_held, inbox._http_held:
        inbox.start()
        yield inbox
        children.stop(inbox.child)


def mail(to: str = "ines@acme.example", subject: str = "Your licences", html: str = "") -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "Brightfield <shop@brightfield.example>", to, subject
    message.set_content("Hello Inés, see http://127.0.0.1:8400/orders/ORD-7KX2M9 for 10 seats.")
    if html:
        message.add_alternative(html, subtype="html")
    return message


def test_a_mail_is_shown_as_its_reader_would_see_it(inbox: Inbox):
    inbox.post(mail(subject="Grüße", html='<p>Hello <a href="http://127.0.0.1/a?b=1&amp;c=2">Inés</a></p>'))
    [found] = inbox.messages()
    assert found["subject"] == "Grüße"
    assert found["to"] == ["ines@acme.example"]
    assert "Hello Inés" in found["text"]
    assert found["links"] == ["http://127.0.0.1:8400/orders/ORD-7KX2M9", "http://127.0.0.1/a?b=1&c=2"]
    assert "Grüße" in inbox.page.get("/").text
    assert "Hello Inés" in inbox.page.get(f"/mails/{found['id']}?view=text").text


def test_search_needs_every_word_and_takes_signs_literally(inbox: Inbox):
    inbox.post(mail(subject="Plan ready"))
    inbox.post(mail(to="omar@acme.example", subject="100% off"))
    assert [found["subject"] for found in inbox.messages(q="READY plan")] == ["Plan ready"]
    assert [found["subject"] for found in inbox.messages(q="100%")] == ["100% off"]
    assert inbox.messages(q="r%y") == []
    assert [found["subject"] for found in inbox.messages(to="Omar@acme.example")] == ["100% off"]
    newest = inbox.messages()[0]
    assert inbox.messages(after=str(newest["id"])) == []


def test_a_mail_s_html_runs_nothing_and_has_no_origin(inbox: Inbox):
    inbox.post(mail(subject="<script>alert(1)</script>", html="<script>alert(2)</script>"))
    [found] = inbox.messages()
    page = inbox.page.get(f"/mails/{found['id']}")
    assert "<script" not in page.text
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in page.text
    rules = inbox.page.get(f"/mails/{found['id']}/html").headers["content-security-policy"]
    assert rules.startswith("sandbox ")
    assert "default-src 'none'" in rules
    assert "script" not in rules


def test_a_picture_inside_the_mail_is_found(inbox: Inbox):
    message = mail(html='<img src="cid:logo">')
    html = message.get_body(preferencelist=("html",))
    assert html
    html.add_related(PIXEL, "image", "png", cid="<logo>")
    inbox.post(message)
    [found] = inbox.messages()
    shown = inbox.page.get(f"/mails/{found['id']}/html").text
    picture = inbox.page.get(shown.split('src="')[1].split('"')[0])
    assert (picture.content, picture.headers["content-type"]) == (PIXEL, "image/png")


def test_an_attachment_is_only_ever_downloaded(inbox: Inbox):
    message = mail()
    message.add_attachment("<script>alert(1)</script>", subtype="html", filename="page.html")
    inbox.post(message)
    [found] = inbox.messages()
    assert found["attachments"] == ["page.html"]
    page = inbox.page.get(f"/mails/{found['id']}").text
    link = page.split(f'href="/mails/{found["id"]}/parts/')[1].split('"')[0]
    answer = inbox.page.get(f"/mails/{found['id']}/parts/{link}")
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["content-type"] == "application/octet-stream"


def test_what_was_accepted_survives_a_kill(inbox: Inbox):
    inbox.post(mail(subject="Kept"))
    children.kill(inbox.child)
    inbox.start()
    assert [found["subject"] for found in inbox.messages()] == ["Kept"]


@pytest.mark.parametrize(("domain", "code"), [("refused.example", 550), ("later.example", 451)])
def test_two_domains_are_for_trying_a_no(inbox: Inbox, domain: str, code: int):
    with pytest.raises(smtplib.SMTPRecipientsRefused) as refusal:
        inbox.post(mail(to=f"anybody@{domain}"))
    assert refusal.value.recipients[f"anybody@{domain}"][0] == code
    assert inbox.messages() == []


def test_unknown_mails_are_not_found(inbox: Inbox):
    assert inbox.page.get("/mails/7").status_code == 404
    inbox.post(mail())
    assert inbox.page.get("/mails/1/parts/99").status_code == 404


def test_it_listens_on_loopback_only(inbox: Inbox):
    sockets = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    listening = {address for _, address, _, state, *_ in sockets if state == "0A"}
    assert {f"0100007F:{inbox.smtp:04X}", f"0100007F:{inbox.http:04X}"} <= listening
    assert not {f"00000000:{inbox.smtp:04X}", f"00000000:{inbox.http:04X}"} & listening
