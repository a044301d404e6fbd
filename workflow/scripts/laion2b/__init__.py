"""Download, filter and concatenate the parts of LAION2B-en's CLIP embeddings.

Plain Python that knows no Snakemake. The modules follow the sentence of the README:

| verb | module | with the help of |
|---|---|---|
| download | `download`: which mirror, how often | `transfer` (one attempt), `partial` (the unfinished file), `mirrors`, `checksums` |
| filter | `filter`: a part to a shard | `embeddings`, `metadata` (reading), `keep` (which rows), `tsv`, `hdf5` (writing), `census` |
| concatenate | `concatenate`: shards to a subset | `hdf5`, `tsv` |

What they leave: `record` (of a part's file), `shard` (its record and definition). What all stand on: `files` (a file
appears when it is complete), `errors` (sentences). Around a run: `configuration` and `preflight` (mistakes, told before
the first job), `space` (the disk it needs), `failures` (what went wrong), `cli` (what the rules call).
"""

__version__ = "0.1.0"

DEFINITION_VERSION = 1
"""Version of what a shard and a product are, to the byte.

It reaches the rules as part of a parameter, so raising it rebuilds every shard and product without a download.
Raise it if, and only if, a correction changes bytes of a shard or a product.
"""
