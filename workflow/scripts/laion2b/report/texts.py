"""Read a product's TSV once: lengths of captions, hosts of URLs, captions of some rows."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from laion2b.exports.names import CAPTION
from laion2b.formats import tsv_columns

URL = "url"
LONGEST = 1000
"""Captions with this many characters or more are counted together."""
MOST_HOSTS = 500_000
"""Hosts that are held. When there are more, the rarer half is dropped."""
HOST = r"^[A-Za-z][A-Za-z0-9+.-]*://(?:[^/?#@]*@)?(?P<host>[^/?#:]+)"


@dataclass
class Texts:
    """What a TSV holds. What needs a column that it lacks is None."""

    columns: list[str]
    rows: int = 0
    lengths: np.ndarray | None = None
    """Captions per number of characters, shape (LONGEST + 1,). A missing caption has 0."""
    hosts: Counter[str] | None = None
    captions: dict[int, str] | None = None
    """Of the wanted rows, by their numbers."""
    without_host: int = 0


def read(path: Path, wanted: np.ndarray) -> Texts:
    """Return what the TSV holds, with the captions of the `wanted` rows, ascending numbers of shape (n,).

    Raises ShardError if it can't be parsed.
    """
    columns = tsv_columns.header(path)
    texts = Texts(columns)
    known = [name for name in (CAPTION, URL) if name in columns]
    if not known:
        return texts
    texts.lengths = np.zeros(LONGEST + 1, np.int64) if CAPTION in known else None
    texts.hosts = Counter() if URL in known else None
    texts.captions = {} if CAPTION in known else None
    for batch in tsv_columns.batches(path, known):
        _add(texts, batch, wanted)
    return texts


def _add(texts: Texts, batch: pa.RecordBatch, wanted: np.ndarray) -> None:
    if texts.lengths is not None:
        captions = batch.column(CAPTION).cast(pa.string(), safe=False)  # bytes that are not UTF-8 may be among them
        characters = np.minimum(pc.utf8_length(captions).to_numpy(), LONGEST)
        texts.lengths += np.bincount(characters, minlength=LONGEST + 1)
    if texts.captions is not None:
        first, last = np.searchsorted(wanted, [texts.rows, texts.rows + len(batch)])
        here = wanted[first:last]
        found = batch.column(CAPTION).take(pa.array(here - texts.rows)).to_pylist()
        texts.captions |= zip(here.tolist(), (caption.decode(errors="replace") for caption in found), strict=True)
    if texts.hosts is not None:
        texts.hosts = _count_hosts(texts, texts.hosts, batch.column(URL))
    texts.rows += len(batch)


def _count_hosts(texts: Texts, hosts: Counter, urls: pa.Array) -> Counter:
    found = pc.extract_regex(urls, HOST).drop_null()
    for pair in found.field(0).value_counts().to_pylist():
        hosts[pair["values"].decode(errors="replace").lower()] += pair["counts"]
    texts.without_host += len(urls) - len(found)
    return hosts if len(hosts) <= MOST_HOSTS else Counter(dict(hosts.most_common(MOST_HOSTS // 2)))
