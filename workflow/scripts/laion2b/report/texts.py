"""One pass over a product's TSV: lengths of captions, hosts of URLs, tags of some rows."""

import io
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from laion2b.errors import ShardError

CAPTION, TAG, URL = "caption", "NSFW", "url"
BLOCK = 8 * 1024 * 1024
"""Bytes parsed at once; no line may be longer."""
LONGEST = 1000
"""Characters from which on captions are counted together."""
MOST_HOSTS = 500_000
"""Hosts that are held; when there are more, the rarer half is forgotten."""
HOST = r"^[A-Za-z][A-Za-z0-9+.-]*://(?:[^/?#@]*@)?(?P<host>[^/?#:]+)"


@dataclass
class Texts:
    """What a TSV holds. What its columns don't tell is None."""

    columns: list[str]
    rows: int = 0
    lengths: np.ndarray | None = None
    """Captions per number of characters, shape (LONGEST + 1,); missing captions have none."""
    hosts: Counter[str] | None = None
    tags: list[str] | None = None
    """Of the wanted rows, in their order."""
    without_host: int = 0


class _WithoutReturns(io.RawIOBase):
    """A file whose CRs read as spaces: Arrow takes a bare CR for the end of a line, but in this TSV it is text."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        return self._file.read(size).replace(b"\r", b" ")

    def close(self) -> None:
        self._file.close()
        super().close()


def read(path: Path, wanted: np.ndarray) -> Texts:
    """Return what the TSV holds, with the tags of the `wanted` rows, ascending numbers of shape (n,).

    Raises ShardError if it can't be parsed.
    """
    with path.open("rb") as file:
        columns = file.readline().decode(errors="replace").rstrip("\n").split("\t")
    texts = Texts(columns)
    known = [name for name in (CAPTION, TAG, URL) if name in columns]
    if not known:
        return texts
    texts.lengths = np.zeros(LONGEST + 1, np.int64) if CAPTION in known else None
    texts.hosts = Counter() if URL in known else None
    texts.tags = [] if TAG in known else None
    try:
        with _WithoutReturns(path) as file, _reader(file, known) as reader:
            for batch in reader:
                _add(texts, batch, wanted)
    except pa.ArrowException as error:
        cause = "it was damaged or edited after it was written"
        raise ShardError.unfit(path, f"lines that can't be parsed ({error})", "a TSV of this workflow", cause) from None
    return texts


def _reader(file: io.RawIOBase, columns: list[str]) -> pa.csv.CSVStreamingReader:
    return pa.csv.open_csv(
        file,
        pa.csv.ReadOptions(use_threads=False, block_size=BLOCK),
        pa.csv.ParseOptions(delimiter="\t", newlines_in_values=True, ignore_empty_lines=False),
        pa.csv.ConvertOptions(
            check_utf8=False, column_types=dict.fromkeys(columns, pa.binary()), include_columns=columns,
            strings_can_be_null=False,
        ),
    )  # fmt: skip


def _add(texts: Texts, batch: pa.RecordBatch, wanted: np.ndarray) -> None:
    if texts.lengths is not None:
        captions = batch.column(CAPTION).cast(pa.string(), safe=False)  # bytes that are not UTF-8 may be among them
        characters = np.minimum(pc.utf8_length(captions).to_numpy(), LONGEST)
        texts.lengths += np.bincount(characters, minlength=LONGEST + 1)
    if texts.hosts is not None:
        _count_hosts(texts, batch.column(URL))
    if texts.tags is not None:
        first, last = np.searchsorted(wanted, [texts.rows, texts.rows + len(batch)])
        tags = batch.column(TAG).take(pa.array(wanted[first:last] - texts.rows))
        texts.tags += [tag.decode(errors="replace") for tag in tags.to_pylist()]
    texts.rows += len(batch)


def _count_hosts(texts: Texts, urls: pa.Array) -> None:
    found = pc.extract_regex(urls, HOST).drop_null()
    for pair in found.field(0).value_counts().to_pylist():
        texts.hosts[pair["values"].decode(errors="replace").lower()] += pair["counts"]
    texts.without_host += len(urls) - len(found)
    if len(texts.hosts) > MOST_HOSTS:
        texts.hosts = Counter(dict(texts.hosts.most_common(MOST_HOSTS // 2)))
