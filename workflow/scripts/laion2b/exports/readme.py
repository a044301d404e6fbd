"""The texts in the folders of exports: what the files are, and the lines of code that feed them to consumers."""

from pathlib import Path
from string import Template

from laion2b.files import appearing

NAME = "README.md"

_SISAP = """\
# The layout of the SISAP challenge

| file | what it is |
|---|---|
| `$embeddings` | the dataset `emb`: rows of float16 |
| `$queries` | the dataset `emb`: queries of float32 |
| `$gold` | the datasets `knns` (ids, which count **from 1**) and `dists` (ascending) |

The published names (`n=10M`, `public-queries-10k-clip768v2.h5`, `groundtruth-10M.h5`) are only for the official subsets
and queries. The attribute `metric` of the gold standard says what a distance is.

The files are links to those of the working directory: they take no space, and are **not to be written to**.

```python
import h5py

with h5py.File("$embeddings") as data, h5py.File("$queries") as queries, h5py.File("$gold") as gold:
    rows, vectors = data["emb"][:], queries["emb"][:]
    nearest, distances = gold["knns"][:] - 1, gold["dists"][:]  # rows from 0
```
"""

_BIGANN = """\
# Queries and gold standard for `../$base`

`../$base` and the files here are matrices in one binary file, little-endian: a header of two uint32 (rows, columns),
then the numbers row by row. There are $rows rows of $dimensions numbers, and $queries queries with $k neighbors each.
**Ids count from 0.** The metric is $metric, and a distance is $formula.

| file | numbers |
|---|---|
| `queries.f16bin`, `queries.fbin` | float16 (rounded), float32. The gold standard is that of the float32 queries |
| `groundtruth.neighbors.ibin`, `groundtruth.distances.fbin` | int32 ids, and float32 distances, for cuVS |
| `groundtruth.bin` | one header, then all uint32 ids, then all float32 distances: for DiskANN and big-ann |
| `queries.fvecs`, `groundtruth.ivecs` | without a header, an int32 count before each row: for older code |
| `cuvs.yaml` | the description of the dataset for cuVS Bench |
| `laion_dataset.py` | a class for big-ann-benchmarks |

usearch calls the ending `.hbin`; say the type instead:

```python
import numpy as np
from usearch.index import search
from usearch.io import load_matrix

rows = load_matrix("../$base", dtype=np.float16, view=True)
queries = load_matrix("queries.fbin")
found = search(rows.astype(np.float32), queries, 10, "$usearch_metric", exact=True)
truth = load_matrix("groundtruth.neighbors.ibin")[:, :10]
print("recall", np.mean([len(set(a) & set(b)) / 10 for a, b in zip(found.keys, truth)]))
```

cuVS Bench, in the folder above (not run here):

```
python -m cuvs_bench.run --dataset $name --dataset-path . --dataset-configuration $folder/cuvs.yaml \\
  --algorithms cuvs_cagra -k 10 --batch-size 10000 --build --search
```

CAGRA, IVF-PQ, IVF-SQ and hnswlib read float16 there. For brute force, IVF-Flat and FAISS, ask for the `.fbin`.

big-ann-benchmarks (not run here): copy `laion_dataset.py` next to `benchmark/datasets.py`, link this folder and
`../$base` into `data/`, and add `"$name": lambda: LaionDataset()` to `DATASETS`. `get_dataset()` refuses more than
10,000,000 rows there.
"""

_CUVS = """\
- name: $name
  base_file: $base
  query_file: $folder/queries.f16bin
  groundtruth_neighbors_file: $folder/groundtruth.neighbors.ibin
  groundtruth_distances_file: $folder/groundtruth.distances.fbin
  dims: $dimensions
  distance: $cuvs_distance
"""

_DATASET = '''\
"""The subset $name for big-ann-benchmarks, which brings the module `benchmark`."""

import os

from benchmark.datasets import BASEDIR, DatasetCompetitionFormat


class LaionDataset(DatasetCompetitionFormat):
    """Rows and queries of float16. `rows` are how many of the first rows are searched; the gold standard is for all."""

    def __init__(self, rows=$rows):
        self.nb, self.d, self.nq = rows, $dimensions, $queries
        self.dtype = "float16"
        self.ds_fn = os.path.join("..", "$base")
        self.qs_fn = "queries.f16bin"
        self.gt_fn = "groundtruth.bin" if rows == $rows else None
        self.base_url = None
        self.basedir = os.path.join(BASEDIR, "$folder")
        self.private_qs_url = self.private_gt_url = None

    def prepare(self, skip_data=False):
        """Say which file is missing; nothing is downloaded."""
        for name in (self.qs_fn, self.gt_fn, None if skip_data else self.ds_fn):
            if name and not os.path.exists(os.path.join(self.basedir, name)):
                raise FileNotFoundError(os.path.join(self.basedir, name))

    def distance(self):
        """Return the metric."""
        return "$bigann_distance"
'''

_PARQUET = """\
# Parquet for databases

| file | columns |
|---|---|
| `train-NNNN.parquet`, one for each part | `id` int64, from 0 and without gaps; `emb` list of $dimensions float32 |
| `test.parquet` | the queries: `id`, `emb` |
| `neighbors.parquet` | `id` of the query, `neighbors_id`: list of $k ids, **from 0**, the nearest first |

There are $rows rows. The metric is $metric. The files of parts are links, which nested subsets share: don't write to
them.

DuckDB and polars:

```python
import duckdb
import polars as pl

print(duckdb.sql("SELECT count(*) FROM 'train-*.parquet'").fetchall())
print(pl.scan_parquet("train-*.parquet").filter(pl.col("id") == 0).collect())
```

Hugging Face `datasets`; with `streaming=True`, nothing is copied first:

```python
from datasets import load_dataset

rows = load_dataset("parquet", data_files={"train": "train-*.parquet", "test": "test.parquet"}, streaming=True)
print(sum(1 for row in rows["test"]))
```

ClickHouse (not run here): `SELECT id, emb FROM file('train-*.parquet', Parquet)`.

VectorDBBench (not run here): a custom dataset with this folder, all `train-*.parquet` as train files, the columns `id`,
`emb` and `neighbors_id`, the dimension $dimensions and the metric $metric. It is made for about 1,000 queries.
"""

TEXTS = {"sisap": _SISAP, "bigann": _BIGANN, "cuvs": _CUVS, "dataset": _DATASET, "parquet": _PARQUET}


def write(path: Path, kind: str, **values: object) -> None:
    """Write a text, with values in place of the names after a dollar sign."""
    with appearing(path) as (temporary,):
        temporary.write_text(Template(TEXTS[kind]).substitute(values), encoding="utf-8")
