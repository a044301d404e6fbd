"""A working directory with all that a report shows, made by hand: two subsets, their checks, a gold standard, records.

Its captions, hosts and tags are meant to break a page.
"""

import json
from pathlib import Path

import h5py
import numpy as np

from laion2b.neighbors import gold
from laion2b.shards.record import Shard
from laion2b.subsets.official import DEFINITION

PARTS = 111
SMALL, LARGE = 11, 111
ROWS = {SMALL: 600, LARGE: 2000}
HOSTILE = (
    "</script><script>document.title = 'broken'</script>", "<img src=x onerror=\"document.title='broken'\">",
    "{{ 7 * 7 }} ${7 * 7} <!-- ", "]]> &lt; & \x00\x01\x1b[31m\x7f\u0085", "\u202eright to left \u2028 line", "'; alert(1) //",
    "x" * 3000,
)  # fmt: skip
SUBJECTS = ("a red bicycle", "the port of Hamburg", "a wooden kitchen table", "blue running shoes", "a map of Peru")


def write(folder: Path) -> Path:
    """Write the working directory and return it."""
    random = np.random.default_rng(3)
    for name in ("shards", "parts", "logs/search", "logs/filter"):
        (folder / name).mkdir(parents=True)
    for part in range(1, PARTS + 1):
        kept = 700_000 if part == 40 else int(980_000 + random.normal(0, 600))
        tags = {"UNLIKELY": 950_000, "UNSURE": 30_000 + part, "NSFW": 1_000_000 - kept, HOSTILE[0]: part, "": 3}
        Shard(f"{part:04d}", 1_000_000, kept, DEFINITION.content(), "", "", 0, tags=tags).write(
            folder / f"shards/{part:04d}.json"
        )
        attempts = [
            _attempt(part, "slow.example.org", "timed out", 10),
            _attempt(part, "fast.example.org", "complete", 30),
        ]
        record = {"started": "2026-01-01T00:00:00+00:00", "attempts": attempts}
        (folder / f"parts/img_emb_{part:04d}.npy.json").write_text(json.dumps(record))
        for rule, seconds in (("search", 40), ("filter", 90)):
            (folder / f"logs/{rule}/{part:04d}.log").write_text("")
            outcome = {"ended": "well", "seconds": seconds + part / 10, "MB": 500 + part}
            (folder / f"logs/{rule}/{part:04d}.json").write_text(json.dumps(outcome))
    for last, rows in ROWS.items():
        _product(folder, last, rows, random)
    _gold(folder / f"gold-{SMALL}.h5", ROWS[SMALL], random)
    checks = {"passed": False, "checks": [{"what": "rows of emb", "passed": False}, {"what": "rows", "passed": True}]}
    (folder / f"verify-{LARGE}.failed.json").write_text(json.dumps(checks))
    return folder


def _attempt(part: int, host: str, result: str, second: int) -> dict:
    return {"url": f"https://{host}/{part}", "at": f"2026-01-01T00:00:{second}+00:00", "bytes": 10**9, "result": result}


def _product(folder: Path, last: int, rows: int, random: np.random.Generator) -> None:
    """Write embeddings and captions about a few subjects: rows about the same one are near each other."""
    subject = random.integers(len(SUBJECTS), size=rows)
    matrix = random.standard_normal((len(SUBJECTS), 768))[subject] + 0.8 * random.standard_normal((rows, 768))
    with h5py.File(folder / f"laion2B-{last}.h5", "w") as file:
        file["emb"] = (matrix / np.linalg.norm(matrix, axis=1, keepdims=True)).astype("<f2")
    lines = ["caption\tNSFW\tLICENSE\turl"]
    for row, number in enumerate(subject):
        caption = HOSTILE[row // 3 % len(HOSTILE)] if row % 3 == 0 else f"{SUBJECTS[number]}, number {row}"
        lines.append(f"{caption}\tUNLIKELY\t?\thttps://{_host(row)}/{row}.jpg")
    (folder / f"metadata-{last}.tsv").write_bytes("".join(f"{line}\n" for line in lines).encode())


def _host(row: int) -> str:
    if row % 10 == 0:
        return "<b>bold</b>.example.com"
    return f"{'very-' * 12}long.example.com" if row % 10 == 1 else f"images{row % 30}.example.com"


def _gold(path: Path, rows: int, random: np.random.Generator) -> None:
    with gold.create(path, 50, gold.attributes("cosine", 100, rows, "hash", 0, 0)) as file:
        file["knns"][:] = random.integers(1, rows + 1, (50, 100))
        file["dists64"][:] = np.sort(random.random((50, 100)), axis=1)
        file["tied_last"][:] = 100 + np.arange(50) // 40
