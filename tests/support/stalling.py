"""A mirror that stops in the middle of a file, and a run that waits for the rest."""

import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mirror.server import Handler, MirrorServer
from tests.support.harness import Work, kill_group, products, wait_until

SIZE = 31 * 768 * 2 + 128
"""Bytes of img_emb_0002.npy in the test mirror."""


class Stalling(MirrorServer):
    """Sends half of part 2's embeddings, and the rest when the gate is opened."""

    def __init__(self, folder: Path, gate: threading.Event) -> None:
        class Waiting(Handler):
            def body(self, content: bytes) -> None:
                if "img_emb_0002" in self.path and self.command == "GET":
                    super().body(content[: len(content) // 2])
                    gate.wait()
                    content = content[len(content) // 2 :]
                super().body(content)

        super().__init__(folder, Waiting)


@contextmanager
def stalled(work: Work, mirror: MirrorServer, **keys: object) -> Iterator[subprocess.Popen]:
    """Yield a run that has filtered part 1 and waits for the second half of part 2's embeddings."""
    work.configure(mirror.url, timeout=60, **keys)
    process = work.start(*products(2))
    try:
        wait_until((work.folder / "shards" / "0001.json").exists)
        wait_until((work.folder / "parts" / "metadata_0002.parquet").exists)
        unfinished = work.folder / "parts" / "img_emb_0002.npy.part"
        wait_until(lambda: unfinished.exists() and unfinished.stat().st_size == SIZE // 2)
        yield process
    finally:
        kill_group(process)
