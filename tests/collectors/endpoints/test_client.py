"""Pages of real servers on this host: good ones, and those that hang, drip, never end or lead elsewhere."""

from __future__ import annotations

import gzip
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, Counter, start_http_server

from collectors.endpoints.address import Address, address_of
from collectors.endpoints.client import Bounds, Client
from collectors.endpoints.reply import Failed
from tests.certificates import Authority
from tests.deadmount import dead_mount
from tests.waiting import until

PAGE = b"metric 1\n" * 100
OK = b"HTTP/1.1 200 OK\r\n"
Talk = Callable[[socket.socket], None]


@contextmanager
def talking(talk: Talk) -> Iterator[Address]:
    """A server on this host that does with each connection what `talk` says, after it was asked."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            with sock:
                try:
                    talk(sock)
                except OSError:
                    continue

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield Address(tls=False, host="127.0.0.1", port=listener.getsockname()[1], path="/metrics")
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def says(*pieces: bytes, every: float = 0.0) -> Talk:
    """Answers with these pieces."""

    def talk(sock: socket.socket) -> None:
        sock.recv(65536)
        for piece in pieces:
            sock.sendall(piece)
            time.sleep(every)

    return talk


def fetched(address: Address, bounds: Bounds = Bounds(5.0, 100_000), token: str = "") -> bytes:  # noqa: B008
    with closing(Client(address, bounds, time.monotonic)) as client:
        return client.fetch(lambda: token)


def answers(client: Client) -> bool:
    try:
        return client.fetch(lambda: "") == PAGE
    except Failed:
        return False


def why(address: Address, bounds: Bounds = Bounds(5.0, 100_000)) -> str:  # noqa: B008 - a named tuple
    with pytest.raises(Failed) as failed:
        fetched(address, bounds)
    return failed.value.reason


class Asked(BaseHTTPRequestHandler):
    """Answers a page, and keeps what it was asked with."""

    asked: list[dict[str, str]] = []  # noqa: RUF012 - of the class, as the server makes one for each request

    def do_GET(self) -> None:
        self.asked.append({"path": self.path, **{key.lower(): value for key, value in self.headers.items()}})
        body = gzip.compress(PAGE)
        self.send_response(200)
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Be silent."""


def test_what_is_asked() -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Asked) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = address_of(f"http://127.0.0.1:{server.server_port}/a?b=c")
        assert address
        assert fetched(address, token="s3cret") == PAGE
        assert fetched(address) == PAGE
        server.shutdown()
    first, second = Asked.asked
    assert first["authorization"] == "Bearer s3cret"
    assert "authorization" not in second
    assert (first["path"], first["host"]) == ("/a?b=c", f"127.0.0.1:{address.port}")
    assert (first["connection"], first["accept-encoding"]) == ("close", "gzip")
    assert first["accept"].startswith("text/plain;version=0.0.4,")


def test_a_token_that_would_write_headers_is_refused() -> None:
    with talking(says(OK + b"\r\n")) as address, pytest.raises(Failed, match="cannot carry") as failed:
        fetched(address, token="a\r\nX: y")
    assert failed.value.reason == "token"


def test_the_clients_own_server() -> None:
    made = CollectorRegistry()
    Counter("requests", "Requests", registry=made).inc(3)
    server, thread = start_http_server(0, "127.0.0.1", made)
    try:
        body = fetched(Address(tls=False, host="localhost", port=server.server_port, path="/metrics"))
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
    assert b"\nrequests_total 3.0\n" in body


@pytest.mark.parametrize(
    ("talk", "reason"),
    [
        (says(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n\r\n"), "redirect"),
        (says(b"HTTP/1.1 500 Oh\r\n\r\n"), "status"),
        (says(b"\x16\x03\x01garbage\r\n\r\n"), "protocol"),
        (says(), "protocol"),
        (says(OK + b"Content-Length: 900\r\n\r\n" + PAGE[:50]), "cut"),
        (says(OK + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(bytes(50_000_000))), "size"),
        (says(OK + b"\r\n", *[PAGE] * 1000), "size"),
    ],
)
def test_servers_that_are_none(talk: Talk, reason: str) -> None:
    with talking(talk) as address:
        assert why(address) == reason


@pytest.mark.parametrize(
    "talk",
    [
        lambda _: time.sleep(30),
        says(*(b"H" for _ in range(3000)), every=0.01),
        says(OK + b"\r\n", *(b"metric 1\n" for _ in range(3000)), every=0.01),
        says(OK + b"Transfer-Encoding: chunked\r\n\r\n", *(b"1\r\nx\r\n" for _ in range(3000)), every=0.01),
    ],
    ids=["mute", "drips its head", "drips a page without end", "drips chunks"],
)
def test_all_of_a_page_must_come_in_time(talk: Talk) -> None:
    # Each piece comes at once, and a time-out for each would never end.
    with talking(talk) as address:
        assert why(address, Bounds(0.3, 10_000_000)) == "timeout"


def test_nobody_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    address = Address(tls=False, host="localhost", port=port, path="/")
    with pytest.raises(Failed, match="refused") as failed:
        fetched(address)
    assert failed.value.reason == "connection"


def test_only_this_host_unless_others_are_allowed() -> None:
    there = Address(tls=False, host="model.lan", port=80, path="/")

    def client(found: list[str], *, remote: bool = False) -> Client:
        return Client(there, Bounds(0.5, 1000, remote), time.monotonic, lookup=lambda *_: found)

    with closing(client(["192.0.2.1", "2001:db8::1"])) as refusing, pytest.raises(Failed) as failed:
        refusing.fetch()
    assert failed.value.reason == "remote"
    assert "model.lan is not on this host (192.0.2.1, 2001:db8::1): set remote = true" in str(failed.value)
    with closing(client(["192.0.2.1"], remote=True)) as allowing, pytest.raises(Failed) as failed:
        allowing.fetch()
    assert failed.value.reason in ("timeout", "connection"), "nobody answers there, but it was tried"


def test_of_several_addresses_only_those_of_this_host_are_tried() -> None:
    with talking(says(OK + b"\r\n" + PAGE)) as address:
        named = address._replace(host="model.lan")
        found = ["192.0.2.1", "::1", "127.0.0.1"]
        with closing(Client(named, Bounds(5.0, 5000), time.monotonic, lookup=lambda *_: found)) as client:
            assert client.fetch() == PAGE


def test_a_name_service_that_hangs_or_knows_no_such_name() -> None:
    named = Address(tls=False, host="model.lan", port=80, path="/")
    free = threading.Event()

    def hangs(host: str, port: int) -> list[str]:
        free.wait(30)
        return []

    with closing(Client(named, Bounds(0.1, 1000), time.monotonic, lookup=hangs)) as client:
        for _ in range(2):
            with pytest.raises(Failed, match="has not answered") as failed:
                client.fetch()
            assert failed.value.reason == "timeout"
        free.set()

    def unknown(host: str, port: int) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    with closing(Client(named, Bounds(5.0, 1000), time.monotonic, lookup=unknown)) as client:
        with pytest.raises(Failed, match=r"model\.lan cannot be resolved") as failed:
            client.fetch()
        assert failed.value.reason == "name"


@pytest.mark.fuse
def test_a_disk_that_hangs_takes_no_longer_than_the_whole_time(tmp_path: Path) -> None:
    bounds = Bounds(0.2, 5000)
    with dead_mount(tmp_path / "dead", b"token\n") as dead, talking(says(OK + b"\r\n" + PAGE)) as address:
        secure = Client(address._replace(tls=True), bounds, time.monotonic, str(dead.file))
        with closing(secure), closing(Client(address, bounds, time.monotonic)) as plain:
            for _ in range(2):
                with pytest.raises(Failed, match="the disk with its token has not answered") as failed:
                    plain.fetch(dead.file.read_text)
                assert failed.value.reason == "timeout"
                with pytest.raises(Failed, match="the disk with its ca_file has not answered") as failed:
                    secure.fetch()
                assert failed.value.reason == "timeout"
            dead.revive()
            until(lambda: answers(plain))


def test_tls_is_checked(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    own = authority.sign("server")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(own.certificate, own.key)

    def talk(sock: socket.socket) -> None:
        with context.wrap_socket(sock, server_side=True) as secure:
            says(OK + b"\r\n" + PAGE)(secure)

    with talking(talk) as plain:
        address = plain._replace(tls=True)
        trusting = Client(address, Bounds(5.0, 5000), time.monotonic, str(authority.certificate))
        with closing(trusting):
            assert trusting.fetch() == PAGE
            assert trusting.fetch() == PAGE
        with pytest.raises(Failed, match="not trusted") as failed:
            fetched(address)
        assert failed.value.reason == "tls"
    with talking(says(OK + b"\r\n" + PAGE)) as plain:
        assert why(plain._replace(tls=True)) in ("tls", "connection")


def test_a_file_of_certificates_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("none")
    with talking(says()) as plain:
        client = Client(plain._replace(tls=True), Bounds(5.0, 5000), time.monotonic, str(tmp_path / "ca.pem"))
        with closing(client), pytest.raises(Failed) as failed:
            client.fetch()
    assert failed.value.reason == "tls"
