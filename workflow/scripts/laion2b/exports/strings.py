"""The captions of the first rows as plain text, one a line."""

from pathlib import Path

import pyarrow.compute as pc

from laion2b.errors import ShardError
from laion2b.files import appearing
from laion2b.formats import tsv_columns

from .names import CAPTION


def write(metadata: Path, rows: int, target: Path) -> None:
    """Write the captions in a product's TSV. A line end or a TAB in a caption becomes a space.

    Raises ShardError, and leaves what was at `target` before, if there are not as many as `rows`.
    """
    count = 0
    with appearing(target) as (temporary,), temporary.open("wb") as file:
        for batch in tsv_columns.batches(metadata, [CAPTION]):
            for caption in pc.replace_substring_regex(batch.column(CAPTION), "[\r\n\t]", " ").to_pylist():
                file.write(caption + b"\n")
            count += len(batch)
        if count != rows:
            found, expected = f"{count:,} rows", f"{rows:,}, as the embeddings have"
            raise ShardError.unfit(metadata, found, expected, "it is of another subset, or was edited")
