"""A search that is fast and not exact, to measure its recall. It uses only some of the dimensions."""

import os
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np

LIBRARY = Path(__file__).resolve().parent.parent / "workflow" / "scripts" / "laion2b"
DIMENSIONS = 512
K = 10


def truncated(rows: np.ndarray, queries: np.ndarray, k: int) -> np.ndarray:
    """Return the ids, from 1, of the `k` nearest rows by the first dimensions, shape (queries, k)."""
    rows, queries = rows[:, :DIMENSIONS].astype(np.float32), queries[:, :DIMENSIONS]
    norms = np.linalg.norm(rows, axis=1)
    scores = queries @ rows.T / np.where(norms > 0, norms, np.inf)
    return np.argsort(-scores, axis=1)[:, :k].astype(np.int32) + 1


def recall(work: Path, last: int) -> int:
    """Search a subset, print the recall of what was found against its gold standard, and return the exit status."""
    with h5py.File(work / f"laion2B-{last}.h5") as subset, h5py.File(work / "queries.h5") as queries:
        rows = subset["emb"][:]
        found = truncated(rows, queries["emb"][:], K)
    with h5py.File(work / "truncated.h5", "w") as file:
        file["knns"] = found
    print(f"NumPy searches in the first {DIMENSIONS} of {rows.shape[1]} dimensions, and writes truncated.h5.")
    print("As the rows are random, that finds few of the neighbors.")
    here = os.path.relpath(work)
    print(f"\n$ bin/laion2b recall {here}/truncated.h5 --gold {here}/gold-{last}.h5 --k {K}", flush=True)
    command = [sys.executable, LIBRARY, "recall", "truncated.h5", "--gold", f"gold-{last}.h5", "--k", str(K)]
    return subprocess.run(command, cwd=work, check=False).returncode
