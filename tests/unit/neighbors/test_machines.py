"""The same bytes whatever the kernel of the BLAS, its threads, the blocks, and the order of shards' searches."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from tests.support import neighbors as reference
from tests.support.harness import REPOSITORY

PROGRAM = """
import hashlib, json, sys
from pathlib import Path
import numpy as np
from laion2b.neighbors import results, search, screen
from laion2b.neighbors.rows import Rows

folder, block = Path(sys.argv[1]), int(sys.argv[2])
search.SCREENED, search.GATHERED, screen.QUERIES_AT_ONCE = block, 5 * block, block // 3
vectors = np.load(folder / "queries.npy")
hashes = {}
for metric in ("cosine", "dot"):
    with Rows.open(folder / "0001.h5", 1) as rows:
        nearest, shard, _ = search.search(rows, screen.Queries.of(vectors), metric, 25)
    about = dict.fromkeys(results.Record.__dataclass_fields__, 0) | {"part": "0001"}
    about = {name: value for name, value in about.items() if name not in ("rows_xxh3", "distances_xxh3")}
    target = folder / f"{metric}-{sys.argv[3]}.h5"
    results.write(target, target.with_suffix(".json"), nearest, about)
    hashes[metric] = hashlib.sha256(target.read_bytes()).hexdigest()
matrix = np.random.default_rng(0).standard_normal((64, 771)).astype(np.float32)
print(json.dumps(hashes | {"scores": hashlib.sha256((matrix @ matrix.T).tobytes()).hexdigest()}))
"""


def test_every_machine_writes_the_same(tmp_path):
    matrix = np.concatenate([reference.nasty(seed, 500, 771) for seed in range(3)])
    matrix[700:1000] = matrix[200]  # more equal rows than are kept
    reference.write_shard(tmp_path / "0001.h5", matrix)
    np.save(
        tmp_path / "queries.npy",
        np.concatenate([reference.nasty_queries(0, matrix, 24), matrix[200:201]]).astype(np.float32),
    )
    runs = []
    for number, (kernel, threads, block) in enumerate(
        [("", 1, 4096), ("Nehalem", 1, 4096), ("Sandybridge", 2, 300), ("Haswell", 2, 37)]
    ):
        chosen = {"OPENBLAS_CORETYPE": kernel} if kernel else {}
        environment = {name: value for name, value in os.environ.items() if not name.startswith("OPENBLAS")}
        environment |= chosen | {
            "OPENBLAS_NUM_THREADS": str(threads),
            "PYTHONPATH": str(REPOSITORY / "workflow" / "scripts"),
        }
        command = [sys.executable, "-c", PROGRAM, str(tmp_path), str(block), str(number)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        runs.append(json.loads(done.stdout))
    for metric in ("cosine", "dot"):
        assert len({run[metric] for run in runs}) == 1
    if len({run["scores"] for run in runs}) == 1:
        pytest.skip("the kernels of this BLAS can't be chosen, so only threads and blocks were compared")
