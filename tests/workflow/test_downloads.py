"""Downloads in real runs: cut, resumed, failed over, linked, adopted, limited."""

import shutil
import threading
from pathlib import Path

import pytest

from mirror.server import Handler, MirrorServer
from tests.support.harness import kill_group, products, wait_until

SIZE = 90 * 768 * 2 + 128
"""Bytes of img_emb_0001.npy in the test mirror."""


class CutOnce(Handler):
    """Breaks off the first answer for each large file after 100 kB."""

    def body(self, content: bytes) -> None:
        """Send 100 kB and hang up if this is the first time."""
        if len(self.server.fetched(self.request_log.path)) == 1 and len(content) > 100_000:
            super().body(content[:100_000])
            self.close_connection = True
        else:
            super().body(content)


class Dead(Handler):
    """Answers everything with an error of the server."""

    def answer(self) -> None:
        """Answer 503."""
        self.head(503, {"Content-Length": "0"})


class Gone(Handler):
    """Has nothing."""

    def answer(self) -> None:
        """Answer 404."""
        self.head(404, {"Content-Length": "0"})


class NeedsToken(Handler):
    """Serves only those who show a token."""

    def answer(self) -> None:
        """Check the token."""
        if self.headers.get("Authorization") == "Bearer secret":
            super().answer()
        else:
            self.head(401, {"Content-Length": "0"})


def test_a_cut_download_resumes_with_a_range_request(work, mirror_folder):
    with MirrorServer(mirror_folder, CutOnce) as mirror:
        work.configure(mirror.url)
        work.run(*products(1))
        first, second = mirror.fetched("img_emb_0001.npy")
        assert "range" not in first.headers
        assert second.headers["range"] == f"bytes={100_000 - 4096}-"
        assert "if-range" not in second.headers
        assert second.status == 206
        assert mirror.served("img_emb_0001.npy") < 2 * SIZE
    work.check_products(mirror_folder, 1)
    record = work.record("img_emb_0001.npy")
    assert [attempt["result"] for attempt in record["attempts"]] == [
        f"the connection ended after 100,000 of {SIZE:,} bytes",
        "complete",
    ]
    assert record["size"] == SIZE


def test_a_killed_run_goes_on_where_it_was(work, mirror_folder):
    class HangsOnce(Handler):
        """Sends half of the first answer for the embeddings of part 2, and then nothing until the client is gone."""

        def body(self, content: bytes) -> None:
            if "img_emb_0002" in self.path and len(self.server.fetched("img_emb_0002")) == 1:
                super().body(content[: len(content) // 2])
                self.rfile.read(1)
                self.close_connection = True
            else:
                super().body(content)

    with MirrorServer(mirror_folder, HangsOnce) as mirror:
        work.configure(mirror.url, timeout=60)
        process = work.start(*products(2))
        unfinished = work.folder / "parts" / "img_emb_0002.npy.part"
        wait_until(lambda: unfinished.exists() and unfinished.stat().st_size > 0)
        wait_until((work.folder / "shards" / "0001.json").exists)
        kill_group(process)
        work.run("--unlock")
        work.run(*products(2))
        assert "range" in mirror.fetched("img_emb_0002")[1].headers
        assert len(mirror.fetched("_0001.")) == 2
    work.check_products(mirror_folder, 2)
    assert not list(work.folder.rglob("*.part*"))


def test_downloads_end_when_snakemake_is_killed_alone(work, mirror_folder):
    class HangsAtFirst(Handler):
        """Sends half of the first answer for the embeddings of part 2, and then nothing until the client is gone."""

        def body(self, content: bytes) -> None:
            if "img_emb_0002" in self.path and len(self.server.fetched("img_emb_0002")) == 1:
                super().body(content[: len(content) // 2])
                self.rfile.read(1)
                left.set()
                self.close_connection = True
            else:
                super().body(content)

    left = threading.Event()
    with MirrorServer(mirror_folder, HangsAtFirst) as mirror:
        work.configure(mirror.url, timeout=600)
        process = work.start(*products(2))
        unfinished = work.folder / "parts" / "img_emb_0002.npy.part"
        wait_until(lambda: unfinished.exists() and unfinished.stat().st_size > 0)
        process.kill()
        process.wait()
        assert left.wait(60)  # the download has hung up, long before its time-out
        assert unfinished.stat().st_size > 0
        work.run("--unlock")
        work.run(*products(2))
        assert "range" in mirror.fetched("img_emb_0002")[1].headers
    work.check_products(mirror_folder, 2)


@pytest.mark.parametrize("bad", [Dead, Gone])
def test_fail_over_to_the_next_mirror(work, mirror, mirror_folder, bad):
    with MirrorServer(mirror_folder, bad) as dead:
        work.configure("http://127.0.0.1:9/nobody", dead.url, mirror.url)
        work.run(*products(1))
    work.check_products(mirror_folder, 1)
    assert work.record("img_emb_0001.npy")["url"] == f"{mirror.url}/img_emb/img_emb_0001.npy"
    assert len(work.record("img_emb_0001.npy")["attempts"]) == 3


def test_a_part_that_no_mirror_has_is_named_and_spoils_nothing_else(work, mirror, mirror_folder):
    work.configure(mirror.url, first_part=3)
    output = work.run("laion2B-5.h5", ok=False)
    summary = output.partition("What failed, and why:")[2]
    assert "download img_emb_0005.npy: parts/img_emb_0005.npy could not be downloaded" in summary
    assert f"{mirror.url}/img_emb/img_emb_0005.npy: HTTP status 404" in summary
    assert len(summary.partition("Run the same command")[0].strip().splitlines()) == 2
    assert sorted(path.name for path in (work.folder / "shards").glob("*.h5")) == ["0003.h5", "0004.h5"]


@pytest.mark.parametrize("scheme", ["", "file://"])
@pytest.mark.parametrize("keep_parts", [True, False])
def test_a_local_mirror_is_linked_and_never_changed(work, mirror_folder, tmp_path, scheme, keep_parts):
    originals = tmp_path / 'it\'s a "mirror"'
    if scheme:
        originals = tmp_path / "originals"
    shutil.copytree(mirror_folder, originals)
    before = {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in originals.rglob("*.*")}
    work.configure(f"{scheme}{originals}", keep_parts=keep_parts)
    work.run(*products(1))
    work.check_products(mirror_folder, 1)
    link = work.folder / "parts" / "img_emb_0001.npy"
    assert link.is_symlink() == keep_parts
    assert {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in originals.rglob("*.*")} == before


def test_parts_that_are_there_already_are_adopted(work, mirror, mirror_folder):
    work.configure(mirror.url)
    parts = work.folder / "parts"
    parts.mkdir()
    for path in mirror_folder.rglob("*_000[12].*"):
        shutil.copy(path, parts)
    work.run(*products(2))
    work.check_products(mirror_folder, 2)
    assert not mirror.fetched()
    assert work.record("img_emb_0001.npy")["size"] == SIZE
    assert work.record("img_emb_0001.npy")["url"] is None


def test_a_damaged_part_that_is_there_already_is_refused_and_left_alone(work, mirror, mirror_folder):
    work.configure(mirror.url)
    part = work.folder / "parts" / "img_emb_0001.npy"
    part.parent.mkdir()
    part.write_bytes((mirror_folder / "img_emb" / "img_emb_0001.npy").read_bytes()[:-5])
    output = work.run(*products(1), ok=False)
    assert f"parts/img_emb_0001.npy: found {SIZE - 128 - 5:,} bytes of data, expected {SIZE - 128:,}" in output
    assert part.stat().st_size == SIZE - 5
    assert not Path(f"{part}.json").exists()


def test_tokens_come_from_the_environment_and_are_never_recorded(work, mirror_folder):
    with MirrorServer(mirror_folder, NeedsToken) as mirror:
        work.configure(mirror.url)
        assert "HTTP status 401" in work.run(*products(1), ok=False)
        work.run(*products(1), environment={"LAION2B_TOKEN_127_0_0_1": "secret"})
    assert not [path for path in work.folder.rglob("*.*") if path.is_file() and b"secret" in path.read_bytes()]


def test_netrc_and_query_strings(work, mirror, mirror_folder, tmp_path):
    work.configure(mirror.url)
    config = work.folder / "config.yaml"
    config.write_text(config.read_text().replace(".npy", ".npy?signature=s3cret&part=1"))
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password pass\n")
    netrc.chmod(0o600)
    work.run(*products(1), environment={"NETRC": str(netrc)})
    work.check_products(mirror_folder, 1)
    assert all(request.headers["authorization"].startswith("Basic ") for request in mirror.fetched())
    traces = [path for path in work.folder.rglob("*") if path.is_file() and path != config]
    assert not [path for path in traces if b"s3cret" in path.read_bytes()]


def test_a_proxy_from_the_environment_is_used(work, mirror, mirror_folder):
    work.configure("http://mirror.invalid")  # a proxy is asked with the whole URL; the mirror only looks at its path
    work.run(*products(1), environment={"http_proxy": mirror.url, "no_proxy": ""})
    work.check_products(mirror_folder, 1)
    assert {request.headers["host"] for request in mirror.fetched()} == {"mirror.invalid"}


def test_no_more_downloads_at_a_time_than_allowed(work, mirror_folder):
    class Counting(Handler):
        """Notes how many answers are under way."""

        def answer(self) -> None:
            with self.server.lock:
                self.server.active += 1
                self.server.most = max(self.server.most, self.server.active)
            super().answer()
            with self.server.lock:
                self.server.active -= 1

    with MirrorServer(mirror_folder, Counting) as mirror:
        work.configure(mirror.url)
        output = work.run(*products(2), "--resources", "downloads=1", "mem_mb=1000")
        assert mirror.most == 1
        assert "downloads=1" in output
    assert 'downloads=Resource("downloads", 4)' in work.run("laion2B-1.h5", "--resources", "mem_mb=1000")


def test_the_disk_is_compared_with_the_need_before_the_first_byte(work, mirror_folder):
    class Huge(Handler):
        """Says that every file has 100 TB."""

        def head(self, status: int, headers: dict[str, str]) -> None:
            if self.command == "HEAD":
                headers = headers | {"Content-Length": str(10**14)}
            super().head(status, headers)

    with MirrorServer(mirror_folder, Huge) as mirror:
        work.configure(mirror.url)
        output = work.run(*products(2), ok=False)
        assert "400,000.0 GB of parts" in output
        assert "That does not fit. What to do: set `keep_parts: false`" in output
        assert not mirror.fetched()
        work.configure(mirror.url, check_space=False)
        assert "That does not fit" in work.run(*products(2))


def test_a_mistyped_mirror_is_told_before_anything_else(work, mirror):
    work.configure(f"{mirror.url}/mistyped", dimensions=10**12)  # for which no disk is large enough
    assert "Job stats:" in work.run("laion2B-1.h5", "--dry-run")
    assert not mirror.requests
    output = work.run("laion2B-1.h5", ok=False)
    assert "parts/img_emb_0001.npy, the first of its kind: found no mirror that has it (" in output
    assert "What to do: check the addresses in `mirrors` in config.yaml; nothing was started." in output
    assert "does not fit" not in output
    assert not (work.folder / "logs").exists()
