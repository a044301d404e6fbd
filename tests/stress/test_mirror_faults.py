"""Everything a mirror can do wrong: right bytes in the end or a clear failure, and no more traffic than it takes."""

import contextlib
import hashlib
import ssl
import subprocess
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from laion2b.errors import DownloadError, PartError
from laion2b.formats.embeddings import open_embeddings
from laion2b.parts import catalogue, history, record
from laion2b.parts.download import download
from laion2b.parts.http import Limits
from laion2b.parts.partial import Partial
from mirror.faults import Fault, faulty
from mirror.server import Handler, MirrorServer
from tests.support.harness import wait_until

LIMITS = Limits(timeout=0.4, attempts=3, patience=0.5, back_off=0.01)
"""Patience for tests."""
NAME = "img_emb_0001.npy"
ROWS = 1000
CUT = 400_000


def content(seed: int = 1, rows: int = ROWS) -> bytes:
    """Return a part's embeddings as the bytes of an .npy file."""
    matrix = np.random.default_rng(seed).normal(0, 1, (rows, 768)).astype("<f2")
    header = f"{{'descr': '<f2', 'fortran_order': False, 'shape': ({rows}, 768), }}"
    return b"\x93NUMPY\1\0" + (118).to_bytes(2, "little") + header.ljust(117).encode() + b"\n" + matrix.tobytes()


RIGHT = content()
OTHER = content(2)
GROWN = content(3, ROWS + 10)
SIZE = len(RIGHT)


def flip(position: int) -> Callable[[bytes], bytes]:
    return lambda data: data[:position] + bytes([data[position] ^ 1]) + data[position + 1 :]


def be(other: bytes) -> Callable[[bytes], bytes]:
    return lambda _: other


def plain(**headers: str | None) -> dict[str, str | None]:
    """Return headers without validators."""
    return {"ETag": None, "Last-Modified": None} | headers


def ranges(change: Callable[[str], str | None]) -> Callable[[dict[str, str]], dict[str, str | None]]:
    """Return a rewriting of headers that says Content-Range in another way."""
    return lambda right: {"Content-Range": change(right["Content-Range"])} if "Content-Range" in right else {}


ADDRESS = "What to do: check the address in `mirrors` in config.yaml.\n"
LATER = "What to do: run the same command again later, which goes on where this one stopped.\n"
HTML = {"Content-Type": "text/html; charset=utf-8"}
CHUNKED = {"Content-Length": None, "Transfer-Encoding": "chunked"}
PAGE = b"<html>Sorry</html>"


@dataclass(frozen=True)
class Case:
    """A script for the first mirror, perhaps one for a second, and what must come of it."""

    first: type[Handler]
    second: type[Handler] | None = None
    result: bytes | str = RIGHT
    """The bytes that must be there in the end, or a pattern for the error."""
    most: float = 1.1
    """Bytes of body served at the most, as a multiple of the file."""
    sha256: str | None = None
    """The known hash, if there is one."""
    attempts: int = 3


def once(*faults: Fault, **keys) -> Case:
    return Case(faulty(*faults), **keys)


def always(*faults: Fault, **keys) -> Case:
    return Case(faulty(*faults, forever=True), **keys)


class NoRanges(Handler):
    """Refuses to send a part of a file, and never sends a file to its end."""

    def answer(self) -> None:
        if "Range" in self.headers:
            self.head(416, {"Content-Length": "0"})
        else:
            super().answer()

    def body(self, content: bytes) -> None:
        super().body(content[:CUT])
        self.close_connection = True


KNOWN = hashlib.sha256(RIGHT).hexdigest()
CASES = {
    "good": once(),
    "cut once": once(Fault(cut=CUT), most=1.2),
    "cut at every 400 kB": always(Fault(cut=CUT), most=1.5),
    "cut before the first byte, once": once(Fault(cut=0)),
    "cut at the same place for ever": always(
        Fault(change=lambda data: data, body=lambda data: data[: max(0, len(data) - 900_000)], cut=SIZE),
        result="the connection ended after",
        most=1.2,
    ),
    "cut at every 100 kB": always(Fault(cut=100_000), attempts=1, most=1.15),
    "cut at every 30 kB, within the overlap at first": always(Fault(cut=30_000), most=1.4),
    "reset once": once(Fault(cut=CUT, then="reset"), most=1.4),
    # A reset throws away what was on its way, so it is up to the moment how much of the 400 kB arrives.
    "reset at every 400 kB": always(Fault(cut=CUT, then="reset"), most=20, attempts=50),
    "stall once": once(Fault(cut=CUT, then="stall"), most=1.2),
    "stall for ever": always(Fault(cut=0, then="stall"), result="no byte for 0.4 s", most=0),
    "stall at every 400 kB": always(Fault(cut=CUT, then="stall"), most=1.5),
    "headers that drip": always(Fault(drip_headers=True), result="no complete answer within 0.8 s", most=0),
    "100 Continue without end": always(Fault(status=100), result="no complete answer within 0.8 s|too many|Broken", most=0),
    "drip for ever": always(Fault(cut=0, then="drip"), result="too slow: ", most=0.1),
    "500 once": once(Fault(status=500)),
    "502 twice": once(Fault(status=502), Fault(status=502)),
    "503 with Retry-After": once(Fault(status=503, headers={"Retry-After": "1"})),
    "429 with Retry-After as a date": once(Fault(status=429, headers={"Retry-After": "Mon, 01 Jan 2024 00:00:00 GMT"})),
    "503 for ever": always(Fault(status=503), result=f"HTTP status 503. {LATER}", most=0),
    "503 far longer than `attempts`": once(*[Fault(status=503)] * 5),
    "Retry-After: 0": once(*[Fault(status=429, headers={"Retry-After": "0"})] * 5),
    "404": always(Fault(status=404), result=f"in 1 attempt. .*HTTP status 404. {ADDRESS}", most=0),
    "403": always(Fault(status=403), result="in 1 attempt. .*HTTP status 403. What to do: check the token", most=0),
    "403, but only for GET": always(Fault(status=403, method="GET"), result="HTTP status 403", most=0),
    "410": always(Fault(status=410), result="in 1 attempt. .*HTTP status 410", most=0),
    "416 when it resumes": once(Fault(cut=CUT), Fault(status=416), most=1.4),
    "a 200 when it resumes": once(Fault(cut=CUT), Fault(ignore_range=True), most=1.4),
    "a length that is too short": always(
        Fault(change=lambda data: data[: SIZE // 2]), result=f"expected {SIZE - 128:,}, because its header", most=1.1
    ),
    "a length that is too long": always(
        Fault(headers={"Content-Length": str(SIZE + 999), "Accept-Ranges": None}),
        result=f"in 4 attempts.*and the whole file ends after {SIZE:,} bytes. What to do: add another mirror",
        attempts=8, most=2.2,
    ),
    "a length that is too long, and is only said of the whole": always(
        Fault(rewrite=lambda right: {} if "Content-Range" in right else {"Content-Length": str(SIZE + 999)}),
        result=f"in 4 attempts.*and the whole file ends after {SIZE:,} bytes. What to do: add another mirror",
        attempts=8, most=2.3,
    ),
    "two lengths that are equal": once(Fault(headers={"Content-length": str(SIZE)})),
    "two lengths that differ": always(Fault(headers={"Content-length": "5"}), result="Content-Length", most=3.1),
    "more bytes than promised": once(Fault(body=lambda data: data + b"x" * 5000), most=1.1),
    "no length, closed at the end": always(
        Fault(headers={"Content-Length": None, "Connection": "close"}), result="how long the file is", most=1.1
    ),
    "chunked": always(Fault(headers=CHUNKED), result="how long the file is", most=1.1),
    "changed, same size, new validators": once(
        Fault(cut=CUT), Fault(change=be(OTHER), headers={"ETag": '"new"'}), Fault(change=be(OTHER)),
        result=OTHER, most=2.3,
    ),
    "changed, same size, no validators": once(
        Fault(cut=CUT, headers=plain()), *[Fault(change=be(OTHER), headers=plain())] * 5, result=OTHER, most=2.3
    ),
    "changed, same size, same validators": once(
        Fault(cut=CUT), *[Fault(change=be(OTHER))] * 5, result=OTHER, most=2.3
    ),
    "grown, new validators": once(
        Fault(cut=CUT), *[Fault(change=be(GROWN), headers={"ETag": '"new"'})] * 5, result=GROWN, most=2.3
    ),
    "grown, no validators": once(
        Fault(cut=CUT, headers=plain()), *[Fault(change=be(GROWN), headers=plain())] * 5, result=GROWN, most=2.3
    ),
    "grown, same validators": once(Fault(cut=CUT), *[Fault(change=be(GROWN))] * 5, result=GROWN, most=2.3),
    "a mirror that can't resume, and cuts": always(
        Fault(cut=CUT, ignore_range=True), result="in 2 attempts.*the connection ended after", most=1.2
    ),
    "a mirror that can't resume, and cuts where it likes": once(
        Fault(cut=CUT), Fault(cut=2 * CUT, ignore_range=True), Fault(ignore_range=True), most=2
    ),
    "a mirror that answers 416 to every resume, and cuts": Case(
        NoRanges, result="in 4 attempts.*416.*and the whole file ends after", attempts=8, most=1
    ),
    "an accident when it resumes, and cuts at every 400 kB": Case(
        faulty(Fault(cut=CUT), Fault(status=416), *[Fault(cut=CUT)] * 50), most=1.5
    ),
    "error pages when it resumes, and cuts at every 400 kB": Case(
        faulty(Fault(cut=CUT), *[Fault(change=be(b"Sorry"), ignore_range=True)] * 2, *[Fault(cut=CUT)] * 50), most=1.3
    ),
    "a mirror that answers 416 to every resume": Case(
        faulty(Fault(cut=CUT), *[Fault(status=416), Fault()] * 50), most=1.4
    ),
    "validators that are new each time, and cuts": Case(
        faulty(*[Fault(cut=CUT, headers={"ETag": f'"{number}"'}) for number in range(50)]), most=1.3
    ),
    "an ETag that can't be sent back, and cuts": always(Fault(cut=CUT, headers={"ETag": "\xa0x"}), most=1.3),
    "a rest without a total, and cuts": always(
        Fault(cut=CUT, rewrite=ranges(lambda said: said.partition("/")[0] + "/*")), most=1.3
    ),
    "a rest that says Bytes, and cuts": always(Fault(cut=CUT, rewrite=ranges(str.capitalize)), most=1.3),
    "a rest that does not say where it begins, and cuts": always(Fault(cut=CUT, rewrite=ranges(lambda _: None)), most=1.3),
    "a rest that says nonsense": once(Fault(cut=CUT), *[Fault(rewrite=ranges(lambda _: "none"))] * 9, most=2.5),
    "a rest that is all of the file": once(
        Fault(cut=CUT), Fault(claim=206, ignore_range=True, headers={"Content-Range": f"bytes 0-{SIZE - 1}/{SIZE}"}),
        most=1.4,
    ),
    "a 206 with the whole file, without being asked": always(
        Fault(claim=206, ignore_range=True, headers={"Content-Range": f"bytes 0-{SIZE - 1}/{SIZE}"})
    ),
    "validators that are new each time": once(
        Fault(cut=CUT, headers={"ETag": '"1"'}), Fault(cut=CUT, headers={"ETag": '"2"'}), Fault(headers={"ETag": '"3"'}),
        most=2.0,
    ),
    "a weak validator": once(*[Fault(cut=CUT, headers={"ETag": 'W/"a"'})] * 2, Fault(headers={"ETag": 'W/"a"'}), most=1.4),
    "a flipped bit in the header, once": once(Fault(body=flip(1)), most=2.1),
    "a flipped bit in the header, for ever": always(Fault(body=flip(1)), result="in 2 attempts.*header that can't be read", most=2.1),
    "a flipped bit in the data, once, hash known": once(Fault(body=flip(SIZE // 2)), most=2.1, sha256=KNOWN),
    "a flipped bit in the data, for ever, hash known": always(
        Fault(body=flip(SIZE // 2)), result="in 2 attempts.*as the catalogue says", most=2.1, sha256=KNOWN
    ),
    "a flipped bit in the overlap": once(Fault(cut=CUT), Fault(body=flip(10)), most=2.5),
    "a web page, once": once(Fault(change=be(PAGE), headers=HTML)),
    "a web page when it resumes": once(Fault(cut=CUT), Fault(body=be(PAGE), headers=HTML), most=1.2),
    "a message in JSON when it resumes": once(
        Fault(cut=CUT), *[Fault(change=be(b"{}"), headers={"Content-Type": "application/json"}, ignore_range=True)] * 2,
        most=1.2,
    ),
    "a message in text when it resumes": once(
        Fault(cut=CUT), *[Fault(change=be(b"Sorry"), headers={"Content-Type": "text/plain"}, ignore_range=True)] * 2,
        most=1.2,
    ),
    "a long message in text when it resumes": once(
        Fault(cut=CUT), *[Fault(change=be(b"Sorry" * 10**5), headers={"Content-Type": "text/plain"}, ignore_range=True)] * 2,
        most=1.9,
    ),
    "a message that says it is data when it resumes": once(
        Fault(cut=CUT), *[Fault(change=be(b"Sorry"), ignore_range=True)] * 2, most=1.2
    ),
    "a message that says it is data, whenever it resumes": once(
        Fault(cut=CUT), *[Fault(change=be(b"Sorry"), ignore_range=True)] * 9,
        result="fewer than the 400,000 on disk. What to do: if the mirror really has another file now", most=1.2,
    ),
    "a message in text at first": once(*[Fault(change=be(b"Sorry"), headers={"Content-Type": "text/plain"})] * 2),
    "a web page for ever": always(Fault(change=be(PAGE), headers=HTML), result="a web page instead of the file", most=0.1),
    "a web page that says it is data": always(Fault(change=be(PAGE)), result="in 2 attempts.*a header that can't be read", most=0.1),
    "a 206 from another offset": once(
        Fault(cut=CUT), Fault(headers={"Content-Range": f"bytes 0-{SIZE - 1}/{SIZE}"}), most=2.1
    ),
    "a 206 that lies about its offset": once(Fault(cut=CUT), Fault(body=lambda data: data[::-1]), most=2.5),
    "a 206 that nobody asked for": once(Fault(headers={":": None}, status=206)),
    "a redirect loop": always(
        Fault(status=302, headers={"Location": f"/{NAME}"}), result="in 1 attempt.*redirects", most=0
    ),
    "a redirect to another scheme": always(
        Fault(status=302, headers={"Location": "ftp://127.0.0.1/x?signature=s3cret"}), result="in 1 attempt.*ftp", most=0
    ),
    "a redirect to a file": always(Fault(status=302, headers={"Location": "file:///etc/passwd"}), result="in 1 attempt", most=0),
    "an answer in gzip": always(Fault(headers={"Content-Encoding": "gzip"}), result="is encoded", most=1.1),
    "a truncated copy": always(Fault(change=lambda data: data[:-1000]), result=r"in 2 attempts.*bytes of data", most=2.1),
    "no reply, once": once(Fault(silent=True)),
    "no reply, ever": always(Fault(silent=True), result="RemoteDisconnected.*What to do: run the same command again later", most=0),
    "an empty file": always(Fault(change=be(b"")), result="in 2 attempts", most=0),
    "a petabyte": always(Fault(headers={"Content-Length": str(9 * 10**14)}), result="the disk has less space. What to do: make room", most=1.1),
    "the first mirror is gone": Case(faulty(Fault(status=404), forever=True), Handler),
    "the first mirror is overloaded": Case(
        faulty(Fault(status=503, headers={"Retry-After": "500"}), forever=True), Handler
    ),
    "the first mirror stalls": Case(faulty(Fault(cut=0, then="stall"), forever=True), Handler),
    "the first mirror dies half-way, the other has another ETag": Case(
        faulty(Fault(cut=CUT), Fault(status=404), forever=True), faulty(Fault(headers={"ETag": '"x"'}), forever=True), most=1.2
    ),
    "the first mirror dies half-way, the other has another file": Case(
        faulty(Fault(cut=CUT), Fault(status=404), forever=True), faulty(Fault(change=be(GROWN)), forever=True),
        result=GROWN, most=2.4,
    ),
    "the first mirror has a damaged file": Case(
        faulty(Fault(body=flip(SIZE // 2)), forever=True), Handler, most=2.1, sha256=KNOWN
    ),
    "both mirrors have a truncated copy": Case(
        faulty(Fault(change=lambda data: data[:-1000]), forever=True),
        faulty(Fault(change=lambda data: data[:-1000]), forever=True),
        result="from 2 mirrors, in 4 attempts", most=4.1,
    ),
    "one bad copy from the first mirror, then one from the second": Case(
        faulty(Fault(body=flip(SIZE // 2)), Fault(status=404), forever=True), faulty(Fault(body=flip(SIZE // 2))),
        most=3.1, sha256=KNOWN,
    ),
    "bad copies of one size, each bad in another place": once(
        Fault(body=flip(SIZE // 2)), Fault(body=flip(SIZE // 3)), most=3.1, sha256=KNOWN
    ),
}  # fmt: skip


def check(known: dict[str, str]) -> Callable[[Path, str], None]:
    def sound(path: Path, sha256: str) -> None:
        catalogue.compare(path.with_name(NAME), sha256, known)
        with open_embeddings(path, ".npy"):
            pass

    return sound


@pytest.fixture
def folder(tmp_path):
    """Return the folder of a mirror with one file."""
    (tmp_path / "mirror").mkdir()
    (tmp_path / "mirror" / NAME).write_bytes(RIGHT)
    return tmp_path / "mirror"


@pytest.mark.parametrize("name", CASES)
def test_a_fault(name, folder, tmp_path):
    case = CASES[name]
    file = tmp_path / "parts" / NAME
    limits = replace(LIMITS, attempts=case.attempts)
    known = {NAME: case.sha256} if case.sha256 else {}
    with contextlib.ExitStack() as stack:
        handlers = [case.first, case.second] if case.second else [case.first]
        mirrors = [stack.enter_context(MirrorServer(folder, handler)) for handler in handlers]
        urls = [f"{mirror.url}/{NAME}" for mirror in mirrors]
        if isinstance(case.result, str):
            with pytest.raises(DownloadError, match=f"(?s){case.result}") as caught:
                download(file, urls, check(known), limits)
            assert "s3cret" not in str(caught.value)
            assert not file.exists()
            assert not record.path_for(file).exists()
        else:
            download(file, urls, check(known), limits)
            assert file.read_bytes() == case.result
            assert record.read(file)["sha256"] == hashlib.sha256(case.result).hexdigest()
            assert sorted(path.name for path in file.parent.iterdir()) == [NAME, f"{NAME}.json"]
        assert sum(mirror.served() for mirror in mirrors) <= case.most * SIZE


def test_a_first_mirror_that_is_not_there(folder, tmp_path):
    file = tmp_path / NAME
    with MirrorServer(folder) as mirror:
        download(file, ["http://127.0.0.1:9/x", "/nowhere/x.npy", f"{mirror.url}/{NAME}"], check({}), LIMITS)
    assert file.read_bytes() == RIGHT


def test_a_good_third_mirror_is_asked_when_two_are_damaged(folder, tmp_path):
    damaged = faulty(Fault(body=flip(SIZE // 2)), forever=True)
    with MirrorServer(folder, damaged) as first, MirrorServer(folder, damaged) as second, MirrorServer(folder) as third:
        urls = [f"{mirror.url}/{NAME}" for mirror in (first, second, third)]
        download(tmp_path / NAME, urls, check({NAME: KNOWN}), LIMITS)
    assert (tmp_path / NAME).read_bytes() == RIGHT


def test_a_good_mirror_that_is_busy_once_is_asked_again_when_the_other_is_damaged(folder, tmp_path):
    with (
        MirrorServer(folder, faulty(Fault(body=flip(SIZE // 2)), forever=True)) as damaged,
        MirrorServer(folder, faulty(Fault(status=503))) as busy,
    ):
        urls = [f"{mirror.url}/{NAME}" for mirror in (damaged, busy)]
        download(tmp_path / NAME, urls, check({NAME: KNOWN}), LIMITS)
    assert (tmp_path / NAME).read_bytes() == RIGHT


def test_a_local_original_that_can_not_be_read(folder, tmp_path):
    (tmp_path / "original.npy").mkdir()
    with MirrorServer(folder) as mirror:
        download(
            tmp_path / NAME, [str(tmp_path / "original.npy"), "/x" * 5000, f"{mirror.url}/{NAME}"], check({}), LIMITS
        )
    assert (tmp_path / NAME).read_bytes() == RIGHT


def test_a_redirect_to_another_host_takes_no_token_along(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("LAION2B_TOKEN_LOCALHOST", "secret")
    with MirrorServer(folder) as other:
        location = {"Location": f"{other.url}/{NAME}?signature=s3cret"}
        with MirrorServer(folder, faulty(Fault(status=307, headers=location), forever=True)) as mirror:
            url = mirror.url.replace("127.0.0.1", "localhost")
            download(tmp_path / NAME, [f"{url}/{NAME}"], check({}), LIMITS)
            assert mirror.requests[0].headers["authorization"] == "Bearer secret"
        assert "authorization" not in other.requests[0].headers
    known = record.read(tmp_path / NAME)
    assert (known["url"], known["final_url"]) == (f"{url}/{NAME}", f"{other.url}/{NAME}")


def test_the_page_of_a_redirect_is_not_read(folder, tmp_path):
    class Endless(Handler):
        """Redirects, with a page that never ends."""

        def answer(self) -> None:
            if self.request_log.path == NAME:
                super().answer()
                return
            self.head(302, {"Location": f"/{NAME}", "Content-Length": str(10**12)})
            self.body(b"x" * 10_000)
            self.rfile.read(1)

    with MirrorServer(folder, Endless) as mirror:
        download(tmp_path / NAME, [f"{mirror.url}/elsewhere"], check({}), LIMITS)
    assert (tmp_path / NAME).read_bytes() == RIGHT


@pytest.mark.parametrize("location", ["/elsewhere/\u00c3\u0085\u00c3\u00a9.npy", "/elsewhere/\u00c5\u00e9.npy"])
def test_a_redirect_with_letters_that_are_no_ascii(folder, tmp_path, location):
    class Accents(Handler):
        """Redirects to a name in UTF-8, or in Latin-1, as bytes."""

        def answer(self) -> None:
            if self.request_log.path == NAME:
                self.head(302, {"Location": location, "Content-Length": "0"})
                return
            self.request_log.path = NAME
            super().answer()

    with MirrorServer(folder, Accents) as mirror:
        download(tmp_path / NAME, [f"{mirror.url}/{NAME}"], check({}), LIMITS)
        assert len(mirror.requests) == 2
    assert (tmp_path / NAME).read_bytes() == RIGHT


def test_cookies_of_a_redirect_are_sent_to_its_host_only(folder, tmp_path):
    class WithCookie(Handler):
        """Serves only who brings the cookie that the redirect has set."""

        def answer(self) -> None:
            if self.request_log.path == "door":
                self.head(302, {"Location": f"/{NAME}", "Set-Cookie": "pass=s3cret", "Content-Length": "0"})
            elif "pass=s3cret" in self.headers.get("Cookie", ""):
                super().answer()
            else:
                self.head(403, {"Content-Length": "0"})

    class Away(Handler):
        """Sets a cookie, and redirects to another host."""

        def answer(self) -> None:
            self.head(302, {"Location": door, "Set-Cookie": "other=s3cret", "Content-Length": "0"})

    with MirrorServer(folder, WithCookie) as mirror, MirrorServer(folder, Away) as away:
        door = f"{mirror.url}/door"
        download(tmp_path / NAME, [away.url.replace("127.0.0.1", "localhost")], check({}), LIMITS)
        assert ["other" in request.headers.get("cookie", "") for request in mirror.requests] == [False, False]
    assert (tmp_path / NAME).read_bytes() == RIGHT
    assert "s3cret" not in record.path_for(tmp_path / NAME).read_text()


@pytest.mark.parametrize(
    ("proxy", "reason"),
    [("http://me:s3cret@127.0.0.1:9", "the proxy http://127.0.0.1:9: "), ("foo://x", "the proxy foo://x: ")],
)
def test_a_wrong_proxy_is_named(folder, tmp_path, monkeypatch, proxy, reason):
    monkeypatch.setenv("http_proxy", proxy)
    with MirrorServer(folder) as mirror:
        url = mirror.url.replace("127.0.0.1", "mirror.invalid")
        with pytest.raises(DownloadError, match="What to do: check the proxy that the environment names") as caught:
            download(tmp_path / NAME, [f"{url}/{NAME}"], check({}), LIMITS)
    assert reason in str(caught.value)
    assert "s3cret" not in str(caught.value)


def test_a_wrong_certificate_ends_at_once(folder, tmp_path):
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=localhost -keyout {} -out {}"
    subprocess.run(command.format(key, certificate).split(), check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with MirrorServer(folder) as mirror:
        mirror.socket = context.wrap_socket(mirror.socket, server_side=True)
        url = mirror.url.replace("http:", "https:")
        with pytest.raises(DownloadError, match="in 1 attempt. .*What to do: check the address .* the certificates"):
            download(tmp_path / NAME, [f"{url}/{NAME}"], check({}), LIMITS)


def test_what_is_waited_for_is_said_once(folder, tmp_path, caplog, monkeypatch):
    monkeypatch.setattr(history, "SHORT_WAIT", 0.001)
    with MirrorServer(folder, faulty(*[Fault(status=429)] * 4)) as mirror:
        download(tmp_path / NAME, [f"{mirror.url}/{NAME}"], check({}), replace(LIMITS, patience=60))
        said = [each.getMessage() for each in caplog.records if each.levelname == "WARNING"]
        assert said == []  # of a mirror with too many connections nothing is said at first
    with MirrorServer(folder, faulty(*[Fault(status=500)] * 4)) as mirror:
        download(tmp_path / "again" / NAME, [f"{mirror.url}/{NAME}"], check({}), replace(LIMITS, patience=60))
    (said,) = [each.getMessage() for each in caplog.records if each.levelname == "WARNING"]
    assert f"waiting for {mirror.url}/{NAME}: HTTP status 500. It is asked again" in said


@pytest.mark.parametrize(
    ("address", "remedy"),
    [
        ("/nowhere/x.npy", f"No such file or directory. {ADDRESS}"),
        ("/dev/zero", f"this is not a file. {ADDRESS}"),
        ("http://127.0.0.1:9/x", f"Connection refused. {LATER}"),
        ("http://mirror.invalid/x", LATER),
        ("http://a..b/x", ADDRESS),
    ],
)
def test_the_remedy_fits_the_cause(tmp_path, address, remedy):
    with pytest.raises(DownloadError) as caught:
        download(tmp_path / NAME, [address], check({}), LIMITS)
    assert remedy in str(caught.value)


def test_remedies_of_several_mirrors(folder, tmp_path):
    with MirrorServer(folder) as mirror, pytest.raises(DownloadError) as caught:
        addresses = ["/nowhere/x.npy", f"{mirror.url}/none", "http://127.0.0.1:9/x"]
        download(tmp_path / NAME, addresses, check({}), LIMITS)
    assert f"{ADDRESS[:-2]}; or {LATER[12:]}" in str(caught.value)


def test_a_mirror_that_comes_back_is_waited_for(folder, tmp_path, caplog, monkeypatch):
    monkeypatch.setattr(history, "SHORT_WAIT", 0.001)
    with MirrorServer(folder) as mirror:
        port = mirror.server_address[1]
    with ThreadPoolExecutor(1) as pool:
        limits = Limits(timeout=5, attempts=1, patience=60, back_off=0.01)
        job = pool.submit(download, tmp_path / NAME, [f"{mirror.url}/{NAME}"], check({}), limits)
        wait_until(lambda: "Connection refused. It is asked again" in caplog.text)
        with MirrorServer(folder, port=port):
            job.result()
    assert (tmp_path / NAME).read_bytes() == RIGHT


def test_thousands_of_attempts_are_not_listed_one_by_one(folder, tmp_path):
    with MirrorServer(folder, faulty(Fault(cut=8000), forever=True)) as mirror:
        download(tmp_path / NAME, [f"{mirror.url}/{NAME}"], check({}), replace(LIMITS, back_off=0))
        requests = len(mirror.requests)
    attempts = record.read(tmp_path / NAME)["attempts"]
    assert len(attempts) == 101 < requests
    assert sum(attempt["bytes"] for attempt in attempts) == SIZE
    folded = [each["result"] for each in attempts if "listed" in each["result"]]
    assert folded == [f"{requests - 100} attempts, not listed"]


def test_control_characters_of_a_mirror_do_not_reach_the_terminal(folder, tmp_path):
    wrong = faulty(Fault(headers={"Content-Encoding": "\x1b[31mred\x9b"}), forever=True)
    with MirrorServer(folder, wrong) as mirror, pytest.raises(DownloadError, match=r"\\x1b\[31mred\\x9b") as caught:
        download(tmp_path / NAME, [f"{mirror.url}/{NAME}"], check({}), LIMITS)
    assert str(caught.value).replace("\n", "").isprintable()


def test_a_mirror_that_allows_two_connections(folder, tmp_path):
    files = [f"img_emb_{number:04d}.npy" for number in range(24)]
    for name in files:
        (folder / name).write_bytes(RIGHT)
    parts = tmp_path / "parts"

    class Two(Handler):
        """Turns the third connection away. The first two last until it has come."""

        def answer(self) -> None:
            with self.server.lock:
                self.server.active += 1
                full = self.server.active > 2
            try:
                if full:
                    self.head(429, {"Retry-After": "1", "Content-Length": "0"})
                    crowded.set()
                else:
                    super().answer()
            finally:
                with self.server.lock:
                    self.server.active -= 1

        def body(self, content: bytes) -> None:
            super().body(content[:CUT])
            crowded.wait(30)
            super().body(content[CUT:])

    crowded = threading.Event()
    with MirrorServer(folder, Two) as mirror, ThreadPoolExecutor(4) as pool:
        limits = Limits(timeout=30, attempts=1, patience=5)
        jobs = [pool.submit(download, parts / each, [f"{mirror.url}/{each}"], check({}), limits) for each in files]
        assert [job.result() for job in jobs] == [None] * 24
        refusals = sum(request.status == 429 for request in mirror.requests)
        assert 1 <= refusals <= 3 * len(files)
        assert mirror.served() == 24 * SIZE
    assert {(parts / each).read_bytes() for each in files} == {RIGHT}


def test_a_file_that_is_there_is_used_without_a_request(folder, tmp_path):
    (tmp_path / NAME).write_bytes(RIGHT)
    download(tmp_path / NAME, ["http://127.0.0.1:9/x"], check({}), LIMITS)
    assert record.read(tmp_path / NAME)["adopted"]
    download(tmp_path / NAME, ["http://127.0.0.1:9/x"], check({}), LIMITS)


@pytest.mark.parametrize("recorded", [False, True])
def test_a_file_that_is_there_and_unsound_is_refused_and_left_alone(folder, tmp_path, recorded):
    file = tmp_path / NAME
    file.write_bytes(RIGHT)
    if recorded:
        record.adopt(file)
    file.write_bytes(RIGHT[:-1])
    with pytest.raises(PartError, match="delete"):
        download(file, ["http://127.0.0.1:9/x"], check({}), LIMITS)
    assert file.read_bytes() == RIGHT[:-1]


def test_a_complete_part_with_its_record_gets_its_name_without_a_request(folder, tmp_path, monkeypatch):
    file = tmp_path / NAME

    def interrupt(_: Partial) -> None:
        raise KeyboardInterrupt

    with MirrorServer(folder) as mirror, monkeypatch.context() as killed, pytest.raises(KeyboardInterrupt):
        killed.setattr(Partial, "publish", interrupt)
        download(file, [f"{mirror.url}/{NAME}"], check({}), LIMITS)
    assert not file.exists()
    download(file, ["http://127.0.0.1:9/x"], check({}), LIMITS)
    assert file.read_bytes() == RIGHT
    assert not list(tmp_path.glob("*.part*"))


def test_a_file_that_changed_since_it_was_first_fetched_is_reported(folder, tmp_path, caplog):
    file = tmp_path / NAME
    with MirrorServer(folder) as mirror:
        download(file, [f"{mirror.url}/{NAME}"], check({}), LIMITS)
        file.unlink()
        (folder / NAME).write_bytes(OTHER)
        download(file, [f"{mirror.url}/{NAME}"], check({}), LIMITS)
    assert "is not the file that was downloaded before" in caplog.text
    assert hashlib.sha256(RIGHT).hexdigest() in caplog.text


def test_a_bandwidth_limit(folder, tmp_path):
    with MirrorServer(folder) as mirror:
        started = time.monotonic()
        download(tmp_path / NAME, [f"{mirror.url}/{NAME}"], check({}), Limits(timeout=5, bandwidth=SIZE))
    assert time.monotonic() - started >= 1  # it never takes less, however fast the machine
