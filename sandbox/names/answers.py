"""Answers questions about TXT records over TCP, as RFC 1035 (4.2.2) says: each message after its length."""

import socketserver
import struct

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

from sandbox.names.records import Records

TTL = 1  # seconds: what was changed on the page is seen at once


class Server(socketserver.ThreadingTCPServer):
    """One thread for each connection."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, where: tuple[str, int], records: Records) -> None:
        super().__init__(where, _Conversation)
        self.records = records


class _Conversation(socketserver.StreamRequestHandler):
    """Question after question, until the other side has enough."""

    timeout = 10

    def handle(self) -> None:
        """Reads and answers."""
        assert isinstance(self.server, Server)  # noqa: S101 it makes its conversations
        while len(head := self.rfile.read(2)) == 2:
            question = self.rfile.read(struct.unpack("!H", head)[0])
            reply = answer(question, self.server.records)
            self.wfile.write(struct.pack("!H", len(reply)) + reply)


def answer(question: bytes, records: Records) -> bytes:
    """The reply to one message: the records, or that there is no such name."""
    asked = dns.message.from_wire(question)
    reply = dns.message.make_response(asked)
    reply.flags |= dns.flags.AA | dns.flags.RA
    for each in asked.question:
        values = records.of(each.name.to_text()) if each.rdtype == dns.rdatatype.TXT else []
        if values:
            texts = [f'"{_escaped(value)}"' for value in values]
            reply.answer.append(dns.rrset.from_text(each.name, TTL, "IN", "TXT", *texts))
        else:
            reply.set_rcode(dns.rcode.NXDOMAIN)
    return reply.to_wire()


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"')
