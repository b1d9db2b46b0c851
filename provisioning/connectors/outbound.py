"""The guarded way out for addresses that a tenant typed in. A name is resolved once, every address it has
must be a public one, and the connection goes to an address that was checked (so a name that resolves
otherwise a moment later gains nothing). Redirects are not followed; whatever cannot be checked is refused.
`network="loopback"` turns this round for the sandbox: loopback only, plain http allowed. Choose it from the
installation's settings, never from a form that a tenant fills in.
"""

import ipaddress
import socket
import ssl
import time
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Literal

import httpcore
import httpx

from core.faults import fault

Network = Literal["public", "loopback"]

GLOBAL_IPV6 = ipaddress.ip_network("2000::/3")
TUNNELS = [ipaddress.ip_network("2001::/32"), ipaddress.ip_network("2002::/16")]

# Shared with every stream below: httpx limits each single read, and a peer that trickles would hold us for
# ever.
_ends_at: ContextVar[float | None] = ContextVar("ends_at", default=None)


class AddressRefused(httpx.ConnectError):
    """The address is not one that we talk to; nothing was sent."""


class NameUnknown(httpx.ConnectError):
    """The name could not be resolved; nothing was sent."""


@contextmanager
def within(seconds: float) -> Generator[None]:
    """Whatever is sent and read inside ends after so many seconds in all, with httpx.TimeoutException."""
    token = _ends_at.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _ends_at.reset(token)


def client(network: Network, *, timeout: float, connections: int) -> httpx.Client:
    """A keep-alive client that may be shared by threads; it follows neither redirects nor the environment's
    proxies."""
    transport = GuardedTransport(network, connections=connections)
    return httpx.Client(transport=transport, timeout=timeout, follow_redirects=False, trust_env=False)


def addresses(host: str, port: int, network: Network) -> list[str]:
    """The addresses of a host, if all of them may be talked to."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as unknown:
        raise NameUnknown(f"The name {host} could not be resolved.") from unknown
    numbers = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    if not numbers or not all(_allowed(number, network) for number in numbers):
        raise AddressRefused(f"{host} is not an address on the {network} network.")
    return numbers


def _allowed(number: str, network: Network) -> bool:
    address = ipaddress.ip_address(number.partition("%")[0])
    # IPv4 can travel inside IPv6 (mapped, 6to4, Teredo, NAT64); nobody needs those forms here.
    if isinstance(address, ipaddress.IPv6Address) and network == "public":
        return address in GLOBAL_IPV6 and not any(address in block for block in TUNNELS) and address.is_global
    if network == "loopback":
        return address.is_loopback
    return address.is_global and not address.is_multicast


class GuardedTransport(httpx.BaseTransport):
    """httpx over a pool whose sockets are opened by the guard below."""

    def __init__(self, network: Network, *, connections: int) -> None:
        self._network = network
        self._pool = httpcore.ConnectionPool(
            ssl_context=ssl.create_default_context(),
            max_connections=connections,
            max_keepalive_connections=connections,
            keepalive_expiry=20.0,
            network_backend=_Guard(network),
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        # Credentials never leave in the clear; the sandbox's loopback has nobody to listen.
        if self._network == "public" and request.url.scheme != "https":
            raise AddressRefused("Only https:// addresses are used on the public network.", request=request)
        content = request.stream
        if not isinstance(content, httpx.SyncByteStream):
            raise TypeError("this transport is for threads, not for asyncio")
        url = httpcore.URL(
            scheme=request.url.raw_scheme,
            host=request.url.raw_host,
            port=request.url.port,
            target=request.url.raw_path,
        )
        fault("outbound.before_call")
        with _in_httpx_terms():
            answer = self._pool.handle_request(
                httpcore.Request(
                    request.method,
                    url,
                    headers=request.headers.raw,
                    content=content,
                    extensions=request.extensions,
                )
            )
        fault("outbound.answered")
        return httpx.Response(answer.status, headers=answer.headers, stream=_Body(answer))

    def close(self) -> None:
        self._pool.close()


class _Body(httpx.SyncByteStream):
    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        with _in_httpx_terms():
            yield from self._answer.iter_stream()

    def close(self) -> None:
        self._answer.close()


class _Guard(httpcore.NetworkBackend):
    """Opens sockets to checked addresses only; TLS is still verified for the name."""

    def __init__(self, network: Network) -> None:
        self._network: Network = network
        self._sockets = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        failure: Exception | None = None
        for number in addresses(host, port, self._network):
            try:
                left = _left(timeout, httpcore.ConnectTimeout)
                return _Stream(self._sockets.connect_tcp(number, port, left, local_address, socket_options))
            except httpcore.ConnectError as refused:
                failure = refused
        raise failure or httpcore.ConnectError(f"{host} has no address")


class _Stream(httpcore.NetworkStream):
    """A socket whose waits end with the whole call."""

    def __init__(self, inner: httpcore.NetworkStream) -> None:
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, _left(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, _left(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        left = _left(timeout, httpcore.ConnectTimeout)
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, left))

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


def _left(timeout: float | None, too_late: type[Exception]) -> float | None:
    ends_at = _ends_at.get()
    if ends_at is None:
        return timeout
    left = ends_at - time.monotonic()
    if left <= 0:
        raise too_late("the call took too long")
    return left if timeout is None else min(left, timeout)


@contextmanager
def _in_httpx_terms() -> Generator[None]:
    """httpcore's errors bear the names of httpx's; the caller should know one library."""
    try:
        yield
    except (
        httpcore.TimeoutException,
        httpcore.NetworkError,
        httpcore.ProtocolError,
        httpcore.UnsupportedProtocol,
    ) as error:
        raise getattr(httpx, type(error).__name__)(str(error)) from error
