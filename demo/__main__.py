"""Build laion2B-11.h5, metadata-11.tsv and report.html from a small mirror on this machine, and say what came of it."""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import yaml

from demo import synthetic
from demo.faults import Fault, faulty
from demo.mirror import Handler, Mirror

REPOSITORY = Path(__file__).resolve().parent.parent
FOLDER = REPOSITORY / ".demo"
PARTS = 112
ROWS = 400
LAST = 11

MIRRORS = {
    "good": Handler,
    # What each file goes through: an overloaded server, a web page instead of data, a broken connection.
    "bad": faulty(
        Fault(status=503, headers={"Retry-After": "0"}, method="GET"),
        Fault(change=lambda _: b"<html>Come back later</html>", headers={"Content-Type": "text/html"}, method="GET"),
        Fault(cut=100_000, method="GET"),
    ),
}


def make_mirror(folder: Path) -> None:
    """Write the parts that are not there yet; all of them have slightly different numbers of rows, as upstream."""
    for part in range(PARTS):
        finished = folder / f".part-{part}"
        if not finished.exists():
            synthetic.write_part(folder, part, ROWS + part % 7)
            finished.touch()


def build(work: Path, url: str) -> int:
    """Run the real workflow in `work` as a user would, and return its exit status."""
    work.mkdir(parents=True, exist_ok=True)
    (work / "config.yaml").write_text(yaml.safe_dump({"mirrors": [synthetic.templates(url)]}), encoding="utf-8")
    return snakemake(work, f"laion2B-{LAST}.h5", f"metadata-{LAST}.tsv")


def snakemake(work: Path, *targets: str, quiet: str = "rules") -> int:
    """Run the workflow in `work` and return its exit status."""
    command = ["snakemake", "--cores", "2", *targets, "--directory", str(work)]
    print("$", " ".join(command), flush=True)
    python = [sys.executable, "-m", *command, "--quiet", quiet]
    return subprocess.run(python, cwd=REPOSITORY, check=False).returncode


def summary(work: Path, seconds: float) -> None:
    """Print what a person wants to know."""
    shards = [json.loads((work / "shards" / f"{part:04d}.json").read_text()) for part in range(1, LAST + 1)]
    rows_in, rows = sum(shard["rows_in"] for shard in shards), sum(shard["rows"] for shard in shards)
    parts = [json.loads(path.read_text()) for path in (work / "parts").glob("*.json")]
    attempts = sum(len(part["attempts"]) for part in parts)
    print(f"\nParts 1..{LAST}: {rows_in:,} rows in, {rows:,} kept ({rows / rows_in:.2%}), in {seconds:.1f} s.")
    print(f"{len(parts)} files downloaded, {sum(part['size'] for part in parts):,} bytes, in {attempts} attempts.")
    for product in (f"laion2B-{LAST}.h5", f"metadata-{LAST}.tsv"):
        file = work / product
        print(f"  {file.stat().st_size:>12,} bytes  {os.path.relpath(file)}")
    print(
        "\nNext, with real data: name your mirror under `mirrors` in config.yaml, and try a small subset first:\n"
        "  .venv/bin/snakemake --cores 2 laion2B-2.h5 metadata-2.tsv\n"
        "README.md says where mirrors stand, and how much disk each subset takes."
    )


def main() -> int:
    """Run the demo and return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m demo", description=__doc__)
    parser.add_argument("--mirror", choices=MIRRORS, default="good", help="whether the mirror misbehaves on purpose")
    kind = parser.parse_args().mirror
    folder, work = FOLDER / "mirror", FOLDER / f"{kind}-mirror"
    print(f"A small mirror with {PARTS} parts of about {ROWS} rows, in {os.path.relpath(folder)}, served on loopback.")
    make_mirror(folder)
    started = time.monotonic()
    with Mirror(folder, MIRRORS[kind]) as mirror:
        status = build(work, mirror.url)
    if status == 0:
        summary(work, time.monotonic() - started)
        status = snakemake(work, "report.html", quiet="all")
        if status == 0:
            print(f"The report, for a browser: {os.path.relpath(work / 'report.html')}")
    return status


if __name__ == "__main__":
    sys.exit(main())
