"""embedding-reader reads the parts in step, h5py appends what a mask keeps to a resizable dataset."""

import sys
from pathlib import Path

import h5py
from embedding_reader import EmbeddingReader

from benchmarks.clock import timed

COLUMNS = ["caption", "NSFW", "LICENSE", "url"]
BATCH = 100_000


def main(mirror: str, last: str, target: str) -> None:
    """Build laion2B-N.h5 and metadata-N.tsv in the folder `target`, from a mirror that holds just these parts."""
    products = [Path(target, f"laion2B-{last}.h5"), Path(target, f"metadata-{last}.tsv")]
    with timed(*products):
        reader = EmbeddingReader(
            embeddings_folder=f"{mirror}/img_emb",
            metadata_folder=f"{mirror}/laion2B-en-metadata",
            meta_columns=COLUMNS,
            file_format="parquet_npy",
        )
        with h5py.File(products[0], "w") as file, products[1].open("w") as tsv:
            shape = (0, reader.dimension)
            chunks = (1024, reader.dimension)
            emb = file.create_dataset("emb", shape, "<f2", maxshape=(None, reader.dimension), chunks=chunks)
            for matrix, table in reader(batch_size=BATCH, show_progress=False):
                kept = (table.NSFW.notna() & (table.NSFW != "NSFW")).to_numpy()
                first = len(emb)
                emb.resize(first + kept.sum(), 0)
                emb[first:] = matrix[kept]
                table.loc[kept, COLUMNS].to_csv(tsv, sep="\t", index=False, header=first == 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
