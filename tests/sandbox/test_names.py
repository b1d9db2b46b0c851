"""The name server knows what was set on its page, keeps it through a kill, and takes nothing from other
sites."""

import subprocess
import sys
import time
from pathlib import Path

import dns.resolver
import httpx
import pytest

from sandbox import children, ports


def started(data: Path, dns_port: int, http_port: int) -> subprocess.Popen[bytes]:
    """The process, once it answers."""
    where = ["--dns-port", str(dns_port), "--http-port", str(http_port), "--data", data]
    child = children.start([sys.executable, "-m", "sandbox.names", *where], log=data / "log")
    deadline = time.monotonic() + 60
    while not (ports.listens(dns_port) and ports.listens(http_port)):
        assert time.monotonic() < deadline, children.tail(data / "log")
        time.sleep(0.05)
    return child


def test_records_are_answered_and_survive_a_kill(tmp_path: Path) -> None:
    (dns_port, _one), (http_port, _two) = ports.reserve(), ports.reserve()
    page, asker = f"http://127.0.0.1:{http_port}/", dns.resolver.Resolver(configure=False)
    asker.nameservers, asker.port = ["127.0.0.1"], dns_port
    child = started(tmp_path, dns_port, http_port)
    try:
        with pytest.raises(dns.resolver.NXDOMAIN):
            asker.resolve("proof.example", "TXT", tcp=True)
        typed = {"name": "Proof.example.", "value": 'one "quoted" word'}
        elsewhere = {"Sec-Fetch-Site": "cross-site"}
        assert httpx.post(page, data=typed, headers=elsewhere).status_code == 403
        assert httpx.post(page, data=typed).status_code == 303
        children.kill(child)
        child = started(tmp_path, dns_port, http_port)
        [found] = asker.resolve("proof.EXAMPLE", "TXT", tcp=True)
        assert found.strings == (b'one "quoted" word',)
        assert "&#34;quoted&#34;" in httpx.get(page).text
    finally:
        children.kill(child)
