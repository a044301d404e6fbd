"""Download, filter and concatenate the parts of LAION2B-en's CLIP embeddings.

Plain Python that knows no Snakemake. The modules follow the sentence of the README:

- `download` chooses mirrors and attempts; `transfer` makes one attempt; `partial` is the unfinished file; `mirrors` are
  the addresses; `checksums` are known hashes; `record` stands beside each file of a part.
- `filter` makes a part's shard; `embeddings` and `metadata` read; `keep` says which rows stay; `tsv` and `hdf5` write;
  `census` counts odd rows; `shard` is its definition and record.
- `concatenate` makes a subset of shards.

Of a subset that stands: `verify` checks it, and `tsv_rows` counts for it; `official` is what is known of the published
ones; `identity` compares with them by the md5 of the container that `jld2` composes, with the checksum `lookup3`;
`provenance` and `croissant` say where it comes from; `locate` traces a row to its part; `meter` tells how far they are.
`report` makes a page of what stands, which `standing` finds; `statistics` counts odd norms, `duplicates` equal rows.

Around a run: `configuration` and `preflight` find mistakes before the first job, `forecast` and `space` tell the disk
that it needs, `environment` what it hands over to jobs, `usage` what those took, `failures` what went wrong; `status`
says what stands, `progress` how fast that grows. `cli` is what the rules call, and what is no target of the workflow;
`commands` does it. All stand on `files` (a file appears when it is complete) and `errors` (sentences).
"""

__version__ = "0.1.0"

DEFINITION_VERSION = 2
"""Version of what a shard and a product are, to the byte.

It reaches the rules as part of a parameter, so raising it rebuilds every shard and product without a download.
Raise it if, and only if, a correction changes bytes of a shard or a product.
"""
