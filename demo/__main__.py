"""Build laion2B-11.h5, metadata-11.tsv, gold-11.h5 and laion2b-report.html from a small mirror that is made here."""

import argparse
import os
import subprocess
import sys
from pathlib import Path

import yaml

from demo import search
from mirror import synthetic
from mirror.faults import Fault, faulty
from mirror.server import Handler, MirrorServer

REPOSITORY = Path(__file__).resolve().parent.parent
FOLDER = REPOSITORY / ".demo"
PARTS = 112
ROWS = 400
LAST = 11
QUERIES = {"part": 0, "rows": 100, "seed": 2023}

MADE_UP = {"family": "demo", "creator": None, "citation": None, "license": None}
"""The report knows by the family that the data are made up: names.DEMO of the library."""

END = """
The demo is finished. All its data are made up. Three files to open:
  {work}/laion2b-report.html  a page for a browser: what is in the subset
  {work}/metadata-{last}.tsv      captions and addresses, one row each
  {work}/gold-{last}.json         how the gold standard was made: gold-{last}.h5, for the queries in queries.h5

Next, with real data: name your mirror under `mirrors` in config.yaml, and try a small subset first:
  .venv/bin/snakemake --cores 2 laion2B-2.h5 metadata-2.tsv
docs/mirrors.md says how to name a mirror. README.md says how much disk each subset takes. The demo's own mirror was
served as long as the demo ran, so {work} can get no further parts."""

MIRRORS = {
    "good": Handler,
    # For each file: an overloaded server, then a web page instead of data, then a broken connection.
    "bad": faulty(
        Fault(status=503, headers={"Retry-After": "0"}, method="GET"),
        Fault(change=lambda _: b"<html>Come back later</html>", headers={"Content-Type": "text/html"}, method="GET"),
        Fault(cut=100_000, method="GET"),
    ),
}


def make_mirror(folder: Path) -> None:
    """Write the parts that do not exist yet. Their numbers of rows differ a little, as upstream."""
    for part in range(PARTS):
        finished = folder / f".part-{part}"
        if not finished.exists():
            synthetic.write_part(folder, part, ROWS + part % 7)
            finished.touch()


def build(work: Path, url: str) -> int:
    """Build the subset and its gold standard with the real workflow in `work`, and return the exit status."""
    work.mkdir(parents=True, exist_ok=True)
    content = {
        "mirrors": [synthetic.templates(url)],
        "subsets": [LAST],
        "queries": QUERIES,
        "neighbors": 100,
        **MADE_UP,
    }
    (work / "config.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    return snakemake(work, f"laion2B-{LAST}.h5", f"metadata-{LAST}.tsv", f"gold-{LAST}.h5", f"gold-{LAST}.json")


def snakemake(work: Path, *targets: str, quiet: str = "rules") -> int:
    """Run the workflow in `work` and return its exit status."""
    command = ["snakemake", "--cores", "2", *targets, "--directory", os.path.relpath(work, REPOSITORY)]
    print("\n$ .venv/bin/" + " ".join(command), flush=True)
    python = [sys.executable, "-m", *command, "--quiet", quiet]
    return subprocess.run(python, cwd=REPOSITORY, check=False).returncode


def main() -> int:
    """Run the demo and return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m demo", description=__doc__)
    parser.add_argument("--mirror", choices=MIRRORS, default="good", help="whether the mirror misbehaves on purpose")
    kind = parser.parse_args().mirror
    folder, work = FOLDER / "mirror", FOLDER / f"{kind}-mirror"
    _step(f"1 of 4: make up a mirror of {PARTS} parts of about {ROWS} rows, in {os.path.relpath(folder)}.")
    make_mirror(folder)
    with MirrorServer(folder, MIRRORS[kind]) as mirror:
        _step(f"2 of 4: build the subset of parts 1 to {LAST}, and its gold standard, from that mirror.")
        status = build(work, mirror.url)
    if status == 0:
        _step("3 of 4: search the subset in a way that is fast and not exact, and measure its recall.")
        status = search.recall(work, LAST)
    if status == 0:
        _step("4 of 4: write a page about the subset.")
        status = snakemake(work, "laion2b-report.html", quiet="all")
    if status == 0:
        print(END.format(work=os.path.relpath(work), last=LAST))
    return status


def _step(text: str) -> None:
    print(f"\nStep {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
