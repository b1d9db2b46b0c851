"""Addresses that a tenant typed in lead to the public network or nowhere. The resolver is replaced where a
name has to be hostile; sockets, TLS and servers are real."""

import socket
import ssl
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from provisioning.connectors import outbound
from provisioning.connectors.outbound import AddressRefused, NameUnknown, addresses

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi"


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0.0.0.0",  # noqa: S104  (nobody listens; it is refused)
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "169.254.169.254",
        "224.0.0.1",
        "255.255.255.255",
        "localhost",
        "::1",
        "::",
        "::ffff:127.0.0.1",
        "::ffff:8.8.8.8",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "2001:0:7f00:1::",
        "fe80::1",
        "fd00:ec2::254",
        "ff02::1",
    ],
)
def test_what_is_not_public_is_refused(host: str) -> None:
    with pytest.raises(AddressRefused):
        addresses(host, 443, "public")


@pytest.mark.parametrize("host", ["8.8.8.8", "2001:4860:4860::8888"])
def test_what_is_public_is_allowed_and_is_not_loopback(host: str) -> None:
    assert addresses(host, 443, "public") == [host]
    with pytest.raises(AddressRefused):
        addresses(host, 443, "loopback")


def test_a_name_with_one_private_address_is_refused_whole(resolving: Callable[..., list[str]]) -> None:
    resolving(["8.8.8.8", "10.0.0.1"])
    with pytest.raises(AddressRefused):
        addresses("vendor.example", 443, "public")


@pytest.mark.parametrize(
    "failure", [socket.gaierror("no such name"), TimeoutError(), UnicodeError("label too long")]
)
def test_a_name_that_cannot_be_resolved_is_refused(
    monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    def resolve(*_: Any, **__: Any) -> list[Any]:
        raise failure

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with outbound.client("public", timeout=1, connections=1) as client, pytest.raises(NameUnknown):
        client.get("https://vendor.example/")


def test_a_name_without_addresses_is_refused(resolving: Callable[..., list[str]]) -> None:
    resolving([])
    with pytest.raises(AddressRefused):
        addresses("vendor.example", 443, "public")


def test_a_name_is_resolved_once_and_the_checked_address_is_called(
    resolving: Callable[..., list[str]],
) -> None:
    """Rebinding: the second answer would lead elsewhere, but nobody asks a second time."""
    asked = resolving(["127.0.0.1"], ["10.0.0.1"])
    with _server(ANSWER) as (port, seen), outbound.client("loopback", timeout=10, connections=1) as client:
        answer = client.get(f"http://vendor.example:{port}/v1")
    assert answer.text == "hi"
    assert asked == ["vendor.example"]
    assert f"Host: vendor.example:{port}".encode() in seen[0]


def test_a_private_server_is_never_even_connected_to() -> None:
    with _server(ANSWER) as (port, seen):
        with outbound.client("public", timeout=10, connections=1) as client, pytest.raises(AddressRefused):
            client.get(f"https://127.0.0.1:{port}/")
        assert seen == []
        socket.create_connection(("127.0.0.1", port)).close()  # lets the server end


def test_credentials_do_not_travel_in_the_clear() -> None:
    with (
        outbound.client("public", timeout=1, connections=1) as client,
        pytest.raises(AddressRefused, match="https"),
    ):
        client.get("http://8.8.8.8/", headers={"Authorization": "Bearer k"})


def test_a_redirect_is_not_followed() -> None:
    moved = b"HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n"
    with _server(moved) as (port, seen), outbound.client("loopback", timeout=10, connections=1) as client:
        assert client.get(f"http://127.0.0.1:{port}/").status_code == 302
    assert len(seen) == 1


def test_the_environments_proxy_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with _server(ANSWER) as (port, _), outbound.client("loopback", timeout=10, connections=1) as client:
        assert client.get(f"http://127.0.0.1:{port}/").text == "hi"


@pytest.mark.parametrize(("name", "trusted"), [("vendor.example", True), ("other.example", False)])
def test_the_certificate_is_verified_for_the_name_not_the_address(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    resolving: Callable[..., list[str]],
    name: str,
    trusted: bool,
) -> None:
    resolving(["127.0.0.1"])
    certificate = _certificate("vendor.example", tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with (
        _server(ANSWER, certificate) as (port, seen),
        outbound.client("loopback", timeout=10, connections=1) as client,
    ):
        if trusted:
            assert client.get(f"https://{name}:{port}/").text == "hi"
        else:
            with pytest.raises(httpx.ConnectError, match="certificate"):
                client.get(f"https://{name}:{port}/")
    assert len(seen) == int(trusted)


def test_a_call_ends_when_its_time_is_up_however_many_waits_it_has() -> None:
    with (
        _server(b"HTTP/1.1 200 OK\r\n") as (port, _),
        outbound.client("loopback", timeout=60, connections=1) as client,
    ):
        with pytest.raises(httpx.TimeoutException), outbound.within(0):
            client.get(f"http://127.0.0.1:{port}/")
        socket.create_connection(("127.0.0.1", port)).close()  # lets the server end


@pytest.fixture
def resolving(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """A resolver that answers names so in turn, the last for ever; returns the list of names asked."""
    asked: list[str] = []
    honest = socket.getaddrinfo

    def answer(*turns: list[str]) -> list[str]:
        left = list(turns)

        def resolve(host: str, port: int, *more: Any, **options: Any) -> list[Any]:
            if not host.endswith(".example"):
                return honest(host, port, *more, **options)  # numbers are what they are
            asked.append(host)
            numbers = left.pop(0) if len(left) > 1 else left[0]
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (number, port)) for number in numbers]

        monkeypatch.setattr(socket, "getaddrinfo", resolve)
        return asked

    return answer


@contextmanager
def _server(answer: bytes, certificate: Path | None = None) -> Generator[tuple[int, list[bytes]]]:
    """Answers one connection; yields its port and what was read from the client."""
    seen: list[bytes] = []
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(5)
    thread = threading.Thread(target=_answer_one, args=[listener, answer, certificate, seen])
    thread.start()
    with listener:
        yield listener.getsockname()[1], seen
        thread.join()


def _answer_one(listener: socket.socket, answer: bytes, certificate: Path | None, seen: list[bytes]) -> None:
    try:
        connection, _ = listener.accept()
    except TimeoutError:
        return  # nobody came
    try:
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            connection = context.wrap_socket(connection, server_side=True)
        read = connection.recv(65536)
        if read:
            seen.append(read)
            connection.sendall(answer)
    except OSError:
        return  # the client went away, as it should
    finally:
        connection.close()


def _certificate(name: str, folder: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = folder / "vendor.pem"
    path.write_bytes(pem + certificate.public_bytes(serialization.Encoding.PEM))
    return path
