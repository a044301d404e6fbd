"""A download over loopback against curl."""

import sys
from argparse import Namespace

from benchmarks import inputs
from benchmarks.measure import Contestant, compare
from benchmarks.report import COMPARISON, Table, megabytes, times_faster, verdict
from mirror import synthetic
from mirror.server import Handler, MirrorServer

CURL = 'curl --silent --fail --output "$2" "$1" && sync "$2"'
LEAST = 0.7


class FastHandler(Handler):
    """Lets the kernel move the bytes, so that the mirror is not what is measured."""

    def answer(self) -> None:
        """Send the whole file."""
        file = self.server.folder / self.request_log.path
        self.head(200, self.validators(file) | {"Content-Length": str(file.stat().st_size)})
        if self.command == "GET":
            with file.open("rb") as stream:
                self.connection.sendfile(stream)


def measure(options: Namespace) -> dict[str, Table]:
    """Return the table of downloads."""
    part = inputs.parts(options.folder / "parts", 1, options.rows)[0]
    folder = options.folder / "downloads"
    folder.mkdir(exist_ok=True)
    target = folder / part.embeddings.name

    def clear() -> None:
        for file in folder.iterdir():
            file.unlink()

    print("downloads", flush=True)
    with MirrorServer(options.folder / "parts", handler=FastHandler) as mirror:
        url = f"{mirror.url}/{synthetic.EMBEDDINGS.format(part=1)}"
        runs = compare(
            {
                "ours": Contestant([sys.executable, "-m", "benchmarks.jobs", "download", url, target], clear),
                "curl": Contestant(["sh", "-c", CURL, "sh", url, target], clear),
            },
            options.rounds,
            [part.embeddings],
        )
    table = Table("A download over loopback", COMPARISON)
    memory = max(run.memory for run in runs["ours"])
    table.rows.append(times_faster("download of a part's embeddings", "curl", runs["ours"], runs["curl"], LEAST))
    table.note = (
        f"{megabytes(part.embeddings.stat().st_size)} from a server that lets the kernel move the bytes. Ours "
        "includes "
        f"SHA-256 and the check of the header. At most {megabytes(memory)} of memory (target: 100 MB, "
        f"{verdict(memory <= 100e6)})."
    )
    clear()
    return {"downloads": table}
