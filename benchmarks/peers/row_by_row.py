"""The original script's way, row by row: all parts into memory, a decision for each row, one dump at the end."""

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
        embeddings, rows = [], []
        for part in range(1, int(last) + 1):
            table = pd.read_parquet(Path(mirror, f"laion2B-en-metadata/metadata_{part:04d}.parquet"), columns=COLUMNS)
            matrix = np.load(Path(mirror, f"img_emb/img_emb_{part:04d}.npy"))
            for number, row in table.iterrows():
                if pd.notna(row["NSFW"]) and row["NSFW"] != "NSFW":
                    embeddings.append(matrix[number])
                    rows.append(row)
        with h5py.File(products[0], "w") as file:
            file["emb"] = np.stack(embeddings)
        pd.DataFrame(rows).to_csv(products[1], sep="\t", index=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
