"""Everything a mirror can do wrong: right bytes in the end or a clear failure, and no more traffic than it takes."""

import contextlib
import hashlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from demo.faults import Fault, Faulty, faulty
from demo.mirror import Handler, Mirror
from laion2b import checksums, record
from laion2b.download import download
from laion2b.embeddings import open_embeddings
from laion2b.errors import DownloadError
from laion2b.transfer import Limits

LIMITS = Limits(timeout=0.4, attempts=3, back_off=0.01)
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
    "503 for ever": always(Fault(status=503), result="in 3 attempts. The last one: .*HTTP status 503", most=0),
    "404": always(Fault(status=404), result="in 1 attempt. .*HTTP status 404", most=0),
    "403": always(Fault(status=403), result="in 1 attempt. .*HTTP status 403", most=0),
    "403, but only for GET": always(Fault(status=403, method="GET"), result="HTTP status 403", most=0),
    "410": always(Fault(status=410), result="in 1 attempt. .*HTTP status 410", most=0),
    "416 when it resumes": once(Fault(cut=CUT), Fault(status=416), most=1.4),
    "a 200 when it resumes": once(Fault(cut=CUT), Fault(ignore_range=True), most=1.4),
    "a length that is too short": always(
        Fault(change=lambda data: data[: SIZE // 2]), result=f"expected {SIZE - 128:,}, because its header", most=1.1
    ),
    "a length that is too long": always(
        Fault(headers={"Content-Length": str(SIZE + 999), "Accept-Ranges": None}),
        result="the connection ended after|was not asked for",
        most=3.1,
    ),
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
        Fault(cut=CUT, ignore_range=True), result="in 4 attempts.*the connection ended after", most=1.2
    ),
    "a mirror that answers 416 to every resume, and cuts": Case(
        faulty(*[Fault(cut=CUT), Fault(status=416)] * 50), result="HTTP status 416", most=1.4
    ),
    "validators that are new each time, and cuts": Case(
        faulty(*[Fault(cut=CUT, headers={"ETag": f'"{number}"'}) for number in range(50)]), result="in 4 attempts", most=2.5
    ),
    "validators that are new each time": once(
        Fault(cut=CUT, headers={"ETag": '"1"'}), Fault(cut=CUT, headers={"ETag": '"2"'}), Fault(headers={"ETag": '"3"'}),
        most=2.0,
    ),
    "a weak validator": once(*[Fault(cut=CUT, headers={"ETag": 'W/"a"'})] * 2, Fault(headers={"ETag": 'W/"a"'}), most=1.4),
    "a flipped bit in the header, once": once(Fault(body=flip(1)), most=2.1),
    "a flipped bit in the header, for ever": always(Fault(body=flip(1)), result="in 2 attempts.*header that is none", most=2.1),
    "a flipped bit in the data, once, hash known": once(Fault(body=flip(SIZE // 2)), most=2.1, sha256=KNOWN),
    "a flipped bit in the data, for ever, hash known": always(
        Fault(body=flip(SIZE // 2)), result="in 2 attempts.*as the catalogue says", most=2.1, sha256=KNOWN
    ),
    "a flipped bit in the overlap": once(Fault(cut=CUT), Fault(body=flip(10)), most=2.5),
    "a web page, once": once(Fault(change=be(PAGE), headers=HTML)),
    "a web page when it resumes": once(Fault(cut=CUT), Fault(body=be(PAGE), headers=HTML), most=1.2),
    "a web page for ever": always(Fault(change=be(PAGE), headers=HTML), result="a web page instead of the file", most=0.1),
    "a web page that says it is data": always(Fault(change=be(PAGE)), result="in 2 attempts.*a header that is none", most=0.1),
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
    "no reply, ever": always(Fault(silent=True), result="in 3 attempts.*RemoteDisconnected", most=0),
    "an empty file": always(Fault(change=be(b"")), result="in 2 attempts", most=0),
    "a petabyte": always(Fault(headers={"Content-Length": str(9 * 10**14)}), result="the disk has not the space", most=1.1),
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
        result="from 2 mirrors, in 3 attempts", most=3.1,
    ),
}  # fmt: skip


def check(known: dict[str, str]) -> Callable[[Path, str], None]:
    def sound(path: Path, sha256: str) -> None:
        checksums.compare(path.with_name(NAME), sha256, known)
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
        mirrors = [stack.enter_context(Mirror(folder, handler)) for handler in handlers]
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
    with Mirror(folder) as mirror:
        download(file, ["http://127.0.0.1:9/x", "/nowhere/x.npy", f"{mirror.url}/{NAME}"], check({}), LIMITS)
    assert file.read_bytes() == RIGHT


def test_a_good_third_mirror_is_asked_when_two_are_damaged(folder, tmp_path):
    damaged = faulty(Fault(body=flip(SIZE // 2)), forever=True)
    with Mirror(folder, damaged) as first, Mirror(folder, damaged) as second, Mirror(folder) as third:
        urls = [f"{mirror.url}/{NAME}" for mirror in (first, second, third)]
        download(tmp_path / NAME, urls, check({NAME: KNOWN}), LIMITS)
    assert (tmp_path / NAME).read_bytes() == RIGHT


def test_a_good_mirror_that_is_busy_once_is_asked_again_when_the_other_is_damaged(folder, tmp_path):
    with (
        Mirror(folder, faulty(Fault(body=flip(SIZE // 2)), forever=True)) as damaged,
        Mirror(folder, faulty(Fault(status=503))) as busy,
    ):
        urls = [f"{mirror.url}/{NAME}" for mirror in (damaged, busy)]
        download(tmp_path / NAME, urls, check({NAME: KNOWN}), LIMITS)
    assert (tmp_path / NAME).read_bytes() == RIGHT


def test_a_local_original_that_can_not_be_read(folder, tmp_path):
    (tmp_path / "original.npy").mkdir()
    with Mirror(folder) as mirror:
        download(
            tmp_path / NAME, [str(tmp_path / "original.npy"), "/x" * 5000, f"{mirror.url}/{NAME}"], check({}), LIMITS
        )
    assert (tmp_path / NAME).read_bytes() == RIGHT


def test_a_redirect_to_another_host_takes_no_token_along(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("LAION2B_TOKEN_LOCALHOST", "secret")
    with Mirror(folder) as other:
        location = {"Location": f"{other.url}/{NAME}?signature=s3cret"}
        with Mirror(folder, faulty(Fault(status=307, headers=location), forever=True)) as mirror:
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

    with Mirror(folder, Endless) as mirror:
        download(tmp_path / NAME, [f"{mirror.url}/elsewhere"], check({}), LIMITS)
    assert (tmp_path / NAME).read_bytes() == RIGHT


def test_a_mirror_that_refuses_more_than_two_connections(folder, tmp_path):
    class Two(Faulty):
        """Turns away whoever comes third."""

        def answer(self) -> None:
            with self.server.lock:
                self.server.active += 1
                self.fault = Fault(status=503) if self.server.active > 2 else Fault()
            try:
                super().answer()
            finally:
                with self.server.lock:
                    self.server.active -= 1

    limits = Limits(timeout=5, attempts=50, back_off=0.01)
    with Mirror(folder, Two) as mirror:
        files = [tmp_path / str(number) / NAME for number in range(4)]
        threads = [
            threading.Thread(target=download, args=(file, [f"{mirror.url}/{NAME}"], check({}), limits))
            for file in files
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert [file.read_bytes() for file in files] == [RIGHT] * 4


def test_a_file_that_changed_since_it_was_first_fetched_is_reported(folder, tmp_path, caplog):
    file = tmp_path / NAME
    with Mirror(folder) as mirror:
        download(file, [f"{mirror.url}/{NAME}"], check({}), LIMITS)
        file.unlink()
        (folder / NAME).write_bytes(OTHER)
        download(file, [f"{mirror.url}/{NAME}"], check({}), LIMITS)
    assert "is not the file that was downloaded before" in caplog.text
    assert hashlib.sha256(RIGHT).hexdigest() in caplog.text


def test_a_bandwidth_limit(folder, tmp_path):
    with Mirror(folder) as mirror:
        started = time.monotonic()
        download(tmp_path / NAME, [f"{mirror.url}/{NAME}"], check({}), Limits(timeout=5, bandwidth=SIZE))
    assert time.monotonic() - started >= 1  # it never takes less, however fast the machine
