"""The original script's way, vectorised: all parts into memory, a mask for each, one dump at the end."""

import sys
from pathlib import Path

import h5py
import numpy as np
import pandas as pd

from benchmarks.clock import timed

COLUMNS = ["caption", "NSFW", "LICENSE", "url"]


def main(mirror: str, last: str, target: str) -> None:
    """Build laion2B-N.h5 and metadata-N.tsv in the folder `target`."""
    products = [Path(target, f"laion2B-{last}.h5"), Path(target, f"metadata-{last}.tsv")]
    with timed(*products):
        matrices, tables = [], []
        for part in range(1, int(last) + 1):
            table = pd.read_parquet(Path(mirror, f"laion2B-en-metadata/metadata_{part:04d}.parquet"), columns=COLUMNS)
            matrix = np.load(Path(mirror, f"img_emb/img_emb_{part:04d}.npy"))
            kept = table.NSFW.notna() & (table.NSFW != "NSFW")
            matrices.append(matrix[kept.to_numpy()])
            tables.append(table[kept])
        with h5py.File(products[0], "w") as file:
            file["emb"] = np.concatenate(matrices)
        pd.concat(tables).to_csv(products[1], sep="\t", index=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
