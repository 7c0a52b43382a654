import datetime
import socket
import ssl
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from app import strangers
from app.strangers import Unreachable, Unsafe

PUBLIC = "93.184.216.34"


class Stranger(BaseHTTPRequestHandler):
    """Answers by what is at its path; whoever got through is in ``server.visits``."""

    def do_GET(self):
        self.server.visits.append((self.path, self.headers["Host"], self.headers["Accept-Encoding"]))
        getattr(self, self.path.strip("/").split("?")[0] or "hello")()

    do_POST = do_GET

    def hello(self):
        self.answer(200, b"hello")

    def echo(self):
        self.answer(201, self.rfile.read(int(self.headers["Content-Length"])) + self.headers["Signature"].encode())

    def sent_elsewhere(self):
        self.answer(302, b"", Location=f"http://127.0.0.1:{self.server.server_port}/hello")

    def broken(self):
        self.answer(500, b"out of order")

    def just_enough(self):
        self.answer(200, b"x" * 1000)

    def too_much(self):
        self.answer(200, b"x" * 1001)

    def endless(self):
        self.trickle(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"3E8\r\n" + b"x" * 1000 + b"\r\n", 0)

    def compressed(self):
        self.answer(200, b"\x1f\x8b", **{"Content-Encoding": "gzip"})

    def slow_body(self):
        self.trickle(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", b"x", 0.02)

    def slow_headers(self):
        self.trickle(b"HTTP/1.1 200 OK\r\nX-Slow: ", b"x", 0.02)

    def silent(self):
        self.server.closing.wait()

    def nonsense(self):
        self.wfile.write(b"SSH-2.0-OpenSSH_9.6\r\n")

    def answer(self, status, body, **headers):
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def trickle(self, first, then, pause_seconds):
        try:
            self.wfile.write(first)
            while not self.server.closing.wait(pause_seconds):
                self.wfile.write(then)
        except OSError:
            self.close_connection = True

    def log_message(self, *_):
        """Keep quiet."""


@contextmanager
def _serving(context=None):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Stranger)
    server.visits, server.closing = [], threading.Event()
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server
    finally:
        server.closing.set()
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def stranger():
    with _serving() as server:
        yield server


def _ask(stranger, path, **rest):
    return strangers.fetch(f"http://127.0.0.1:{stranger.server_port}{path}", allow_private=True, **rest)


class Names(dict):
    """The names of the world: name to addresses. Every question asked of it is in ``asked``."""

    def __init__(self):
        self.asked = []


@pytest.fixture
def names(monkeypatch):
    known, ask = Names(), socket.getaddrinfo

    def resolve(host, port, *rest, **options):
        known.asked.append(host)
        if host not in known:
            return ask(host, port, *rest, **options)
        return [
            (family, socket.SOCK_STREAM, 6, "", (address, port))
            for address in known[host]
            for family in [socket.AF_INET6 if ":" in address else socket.AF_INET]
        ]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    return known


@pytest.fixture
def connections(monkeypatch):
    """Every address anybody tried to connect to; nobody gets through."""
    tried = []

    def refuse(_sock, address):
        tried.append(address[:2])
        raise ConnectionRefusedError

    monkeypatch.setattr(socket.socket, "connect", refuse)
    return tried


# fmt: off
UNSAFE = [
    # the form of the address
    "", "example.com", "//example.com/", "https:///path", "https://", "ftp://example.com/", "file:///etc/passwd",
    "gopher://example.com/", "http://example.com/", "https://example.com:22/", "https://example.com:8443/",
    "https://example.com:99999/", "https://example.com:x/", "https://user@example.com/", "https://a:b@example.com/",
    "https://example.com@127.0.0.1/", "https://example.com\\@127.0.0.1/", "https://example.com/ x", "https://exa\tmple.com/",
    "https://example.com/\r\nHost: internal", "https://127。0。0。1/", "https://127．0．0．1/", "https://①②⑦.⓪.⓪.①/",
    "https://exаmple.com/", "https://[::1/", "https://[example.com]/", "https://[fe80::1%25eth0]/",
    "https://example.com/" + "x" * 2048, "https://" + "x" * 64 + ".com/", "https://-example.com/", "https://example..com/",
    # IPv4, and its disguises
    "https://127.0.0.1/", "https://127.1/", "https://127.255.255.254/", "https://0.0.0.0/", "https://0/",
    "https://2130706433/", "https://0x7f000001/", "https://0x7f.0x0.0x0.0x1/", "https://017700000001/", "https://0177.0.0.1/",
    "https://0177.1/", "https://127.0.0.1./", "https://10.0.0.1/", "https://172.16.0.1/", "https://172.31.255.255/",
    "https://192.168.0.1/", "https://169.254.169.254/latest/meta-data/", "https://100.64.0.1/", "https://192.0.0.1/",
    "https://192.0.2.1/", "https://198.18.0.1/", "https://198.51.100.1/", "https://203.0.113.1/", "https://224.0.0.1/",
    "https://240.0.0.1/", "https://255.255.255.255/",
    # IPv6, and what it carries
    "https://[::]/", "https://[::1]/", "https://[::ffff:127.0.0.1]/", "https://[::ffff:7f00:1]/", "https://[::127.0.0.1]/",
    "https://[fe80::1]/", "https://[fec0::1]/", "https://[fc00::1]/", "https://[fd00:ec2::254]/", "https://[ff02::1]/",
    "https://[64:ff9b::7f00:1]/", "https://[64:ff9b:1::1]/", "https://[2002:7f00:1::]/", "https://[2001:0:7f00:1::]/",
    "https://[2001:db8::1]/", "https://[100::1]/",
    # names of what lives here
    "https://localhost/", "https://LOCALHOST/", "https://localhost./",
]
# fmt: on


@pytest.mark.parametrize("url", UNSAFE)
def test_an_unsafe_address_is_refused_and_nobody_is_asked(url, names, connections):
    names["localhost"] = names["localhost."] = ["127.0.0.1"]
    names["example.com"] = [PUBLIC]
    with pytest.raises(Unsafe):
        strangers.fetch(url)
    assert connections == []


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["169.254.169.254"],
        ["::1"],
        ["::ffff:10.0.0.1"],
        ["64:ff9b::a00:1"],
        ["fd00::1"],
        [PUBLIC, "10.0.0.1"],
        ["2606:2800:220:1::1", "::1"],
    ],
)
def test_a_name_that_leads_inside_is_refused_and_nobody_is_asked(addresses, names, connections):
    names["inside.example"] = addresses
    with pytest.raises(Unsafe, match="not public"):
        strangers.fetch("https://inside.example/")
    assert connections == []


@pytest.mark.parametrize("address", [PUBLIC, "8.8.8.8", "172.32.0.1", "100.128.0.1", "2606:2800:220:1::1"])
def test_a_public_address_may_be_asked(address, names, connections):
    names["wallet.example"] = [address]
    with pytest.raises(Unreachable):
        strangers.fetch("https://wallet.example/")
    assert connections == [(address, 443)]


def test_a_name_that_changes_its_mind_is_asked_once(names, connections):
    names["rebinding.example"] = RebindingAddresses([PUBLIC], ["127.0.0.1"])
    with pytest.raises(Unreachable):
        strangers.fetch("https://rebinding.example/")
    assert names.asked.count("rebinding.example") == 1
    assert connections == [(PUBLIC, 443)]


class RebindingAddresses:
    """Public to who asks first, private to who asks again."""

    def __init__(self, *answers):
        self.answers = iter(answers)

    def __iter__(self):
        return iter(next(self.answers))


def test_a_name_nobody_knows_is_unreachable(names):
    names["nowhere.example"] = []
    with pytest.raises(Unreachable):
        strangers.fetch("https://nowhere.example/")


def test_a_resolver_that_does_not_answer_costs_no_more_than_the_deadline(monkeypatch):
    over = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: over.wait() and [])
    with pytest.raises(Unreachable):
        strangers.fetch("https://slow.example/", timeout_seconds=0.05)
    over.set()


@pytest.mark.parametrize(
    "url", ["https://example.com", "https://example.com/a?b=c", "https://xn--bcher-kva.example:443/"]
)
def test_the_form_of_an_address_is_checked_without_asking_anybody(url, names, connections):
    assert strangers.check(url).scheme == "https"
    assert names.asked == connections == []


def test_the_answer_has_status_headers_and_body(stranger):
    answer = _ask(stranger, "/hello")
    assert (answer.status, answer.headers["content-length"], answer.body) == (200, "5", b"hello")


def test_the_query_reaches_the_stranger_and_the_fragment_does_not(stranger):
    _ask(stranger, "/hello?a=1&b=%20#secret")
    assert stranger.visits[0][0] == "/hello?a=1&b=%20"


def test_a_body_is_posted_as_it_is(stranger):
    answer = _ask(stranger, "/echo", method="POST", body=b'{"a": 1}', headers={"Signature": "t=1, s=x"})
    assert (answer.status, answer.body) == (201, b'{"a": 1}t=1, s=x')


def test_a_failure_is_an_answer_too(stranger):
    assert _ask(stranger, "/broken").status == 500


def test_a_redirect_is_not_followed(stranger):
    assert _ask(stranger, "/sent_elsewhere").status == 302
    assert len(stranger.visits) == 1


def test_an_answer_may_be_as_long_as_the_cap_and_no_longer(stranger):
    assert len(_ask(stranger, "/just_enough", bytes_max=1000).body) == 1000
    for path in ("/too_much", "/endless"):
        with pytest.raises(Unreachable):
            _ask(stranger, path, bytes_max=1000)


def test_nothing_compressed_is_asked_for_or_accepted(stranger):
    with pytest.raises(Unreachable):
        _ask(stranger, "/compressed")
    assert stranger.visits[0][2] == "identity"


@pytest.mark.parametrize("path", ["/slow_body", "/slow_headers", "/silent", "/endless"])
def test_whoever_trickles_is_left_at_the_deadline(stranger, path):
    with pytest.raises(Unreachable):
        _ask(stranger, path, timeout_seconds=0.2, bytes_max=10**12)


def test_nonsense_is_unreachable(stranger):
    with pytest.raises(Unreachable):
        _ask(stranger, "/nonsense")


def test_one_host_gets_two_connections_at_a_time(stranger):
    patient = [threading.Thread(target=_give_up, args=(stranger,)) for _ in range(2)]
    for thread in patient:
        thread.start()
    while len(stranger.visits) < 2:
        stranger.closing.wait(0.005)
    with pytest.raises(Unreachable):
        _ask(stranger, "/hello", timeout_seconds=0.1)
    assert [path for path, *_ in stranger.visits] == ["/silent", "/silent"]
    stranger.closing.set()
    for thread in patient:
        thread.join()
    assert _ask(stranger, "/hello").status == 200


def _give_up(stranger):
    with pytest.raises(Unreachable):
        _ask(stranger, "/silent", timeout_seconds=30)


@pytest.fixture
def certified(tmp_path, monkeypatch):
    """A server that can prove to be wallet.example, to those who trust the authority of this test."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "wallet.example")])
    today = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 1)
        .not_valid_before(today - datetime.timedelta(1))
        .not_valid_after(today + datetime.timedelta(1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("wallet.example")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = tmp_path / "wallet.pem"
    unlocked = serialization.NoEncryption()
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, unlocked)
    pem.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pem)
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    strangers._trust.cache_clear()
    with _serving(context) as server:
        yield server
    strangers._trust.cache_clear()


@pytest.fixture
def rerouted(certified, monkeypatch):
    """Whatever public address is connected to, it is the certified server that answers."""
    tried, connect = [], socket.socket.connect

    def reroute(sock, address):
        tried.append(address)
        return connect(sock, ("127.0.0.1", certified.server_port))

    monkeypatch.setattr(socket.socket, "connect", reroute)
    return tried


def test_the_resolved_address_is_connected_to_and_the_name_is_proved(names, certified, rerouted):
    names["wallet.example"] = [PUBLIC]
    assert strangers.fetch("https://wallet.example/hello").body == b"hello"
    assert rerouted == [(PUBLIC, 443)]
    assert certified.visits == [("/hello", "wallet.example", "identity")]


def test_whoever_cannot_prove_the_name_is_not_asked(names, certified, rerouted):
    names["impostor.example"] = [PUBLIC]
    with pytest.raises(Unreachable):
        strangers.fetch("https://impostor.example/hello")
    assert certified.visits == []
