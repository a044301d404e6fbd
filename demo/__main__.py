"""Build laion2B-11.h5 and metadata-11.tsv from a small mirror on this machine, and say what came of it."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import yaml

from demo import synthetic
from demo.mirror import Mirror

REPOSITORY = Path(__file__).resolve().parent.parent
FOLDER = REPOSITORY / ".demo"
PARTS = 112
ROWS = 400
LAST = 11


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
    mirror = {"embeddings": f"{url}/{synthetic.EMBEDDINGS}", "metadata": f"{url}/{synthetic.METADATA}"}
    (work / "config.yaml").write_text(yaml.safe_dump({"mirrors": [mirror]}), encoding="utf-8")
    command = ["snakemake", "--cores", "2", f"laion2B-{LAST}.h5", f"metadata-{LAST}.tsv", "--directory", str(work)]
    print("$", " ".join(command), flush=True)
    python = [sys.executable, "-m", *command, "--quiet", "rules"]
    return subprocess.run(python, cwd=REPOSITORY, check=False).returncode


def report(work: Path, seconds: float) -> None:
    """Print what a person wants to know."""
    shards = [json.loads((work / "shards" / f"{part:04d}.json").read_text()) for part in range(1, LAST + 1)]
    rows_in, rows = sum(shard["rows_in"] for shard in shards), sum(shard["rows"] for shard in shards)
    print(f"\nParts 1..{LAST}: {rows_in:,} rows in, {rows:,} kept ({rows / rows_in:.2%}), in {seconds:.1f} s.")
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
    folder, work = FOLDER / "mirror", FOLDER / "work"
    print(f"A small mirror with {PARTS} parts of about {ROWS} rows, in {os.path.relpath(folder)}, served on loopback.")
    make_mirror(folder)
    started = time.monotonic()
    with Mirror(folder) as mirror:
        status = build(work, mirror.url)
    if status == 0:
        report(work, time.monotonic() - started)
    return status


if __name__ == "__main__":
    sys.exit(main())
