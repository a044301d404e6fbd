"""A whole night, played: one mirror with all the faults that one mirror can have, and a run that is killed twice."""

import base64
import os
import subprocess
import threading
import time
from pathlib import Path

import psutil
import pytest

from mirror import synthetic
from mirror.server import Handler, MirrorServer
from tests.support.harness import Work, kill_group, products, wait_until

PARTS = 24
ROWS = 4000
CUT = 700_000
HELD = 200_000
CONNECTIONS = 2
AWAY = float(os.environ.get("LAION2B_AWAY", "15"))
"""Seconds for which the mirror is away. LAION2B_AWAY=600 plays the night in its true length."""
PAGES = [("text/html", b"<html>Sorry</html>"), ("application/json", b'{"error": 1}'), ("text/plain", b"Sorry")]


class Night(Handler):
    """Allows two connections, is away for a while, has two back ends, cuts every 700 kB, and sends error pages."""

    def answer(self) -> None:
        """Turn away the third connection, and all of them while the mirror is away."""
        with self.server.lock:
            self.server.active += 1
            full = self.server.active > CONNECTIONS
            number = len(self.server.requests)
        try:
            if self.command == "HEAD":
                super().answer()
            elif full:
                self.head(429, {"Retry-After": "1", "Content-Length": "0"})
            elif self.is_away():
                if number % 2:
                    self.head(503, {"Content-Length": "0"})
                self.close_connection = True
            elif number % 7 == 0:
                kind, page = PAGES[number // 7 % len(PAGES)]
                self.head(200, {"Content-Type": kind, "Content-Length": str(len(page))})
                self.body(page)
            else:
                super().answer()
        finally:
            with self.server.lock:
                self.server.active -= 1

    def is_away(self) -> bool:
        """Tell whether the mirror is away: for a while, once nearly half of the bytes are served."""
        if not self.server.left and self.server.served() > 0.45 * self.server.size:
            self.server.left = time.monotonic()
        return self.server.left and time.monotonic() < self.server.left + AWAY

    def validators(self, file: Path) -> dict[str, str]:
        """Answer as one of two back ends."""
        return {"ETag": f'"back end {len(self.server.requests) % 2}"'}

    def body(self, content: bytes) -> None:
        """Send 700 kB at the most, and stop on the way while the test wants it."""
        super().body(content[:HELD])
        with self.server.lock:
            self.server.held += 1
        self.server.gate.wait()
        with self.server.lock:
            self.server.held -= 1
        super().body(content[HELD:CUT])
        self.close_connection = True


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Return the folder of a mirror with 24 parts."""
    return synthetic.write_parts(tmp_path_factory.mktemp("night"), range(1, PARTS + 1), ROWS)


def complete(work: Work) -> int:
    return len(list(work.folder.glob("parts/*.npy")))


def is_settled(work: Work) -> bool:
    """Tell whether Snakemake knows of all complete files; what it takes for unfinished it deletes when it goes on."""
    at_work = [base64.b64decode(path.name).decode() for path in work.folder.glob(".snakemake/incomplete/*")]
    return not any((work.folder / name).exists() for name in at_work)


def run_until(work: Work, mirror: MirrorServer, files: int) -> subprocess.Popen:
    """Start the run, and hold all downloads half-way when so many embeddings are complete."""
    process = work.start(*products(PARTS))
    wait_until(lambda: complete(work) >= files, seconds=600 + AWAY)
    mirror.gate.clear()
    wait_until(lambda: mirror.held == CONNECTIONS and is_settled(work))
    assert process.poll() is None
    return process


@pytest.mark.slow
def test_a_night(tmp_path, folder):
    work = Work(tmp_path / "work")
    with MirrorServer(folder, Night) as mirror:
        mirror.size = sum(path.stat().st_size for path in folder.rglob("*.*"))
        mirror.left, mirror.held, mirror.gate = 0.0, 0, threading.Event()
        mirror.gate.set()
        work.configure(mirror.url, patience=10, attempts=8)

        process = run_until(work, mirror, 5)
        jobs = psutil.Process(process.pid).children(recursive=True)
        process.kill()  # Snakemake alone
        process.wait()
        assert not psutil.wait_procs(jobs, timeout=60)[1]
        mirror.gate.set()
        work.run("--unlock")

        kill_group(run_until(work, mirror, 15))
        mirror.gate.set()
        work.run("--unlock")
        assert mirror.left

        work.run(*products(PARTS))
        print(f"{mirror.served() / mirror.size:.3f} times the bytes, in {len(mirror.fetched())} requests")
        assert mirror.served() <= 1.1 * mirror.size
    work.check_products(folder, PARTS)
    assert not list(work.folder.rglob("*.part*"))
