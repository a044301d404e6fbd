"""Download, filter and concatenate the parts of LAION2B-en's CLIP embeddings.

Plain Python that knows no Snakemake. The folders follow the sentence of the README, and a folder imports only those
before it:

- `parts/`: from the mirrors to the files of a part.
- `formats/`: what files look like inside.
- `shards/`: from a part to its shard.
- `subsets/`: from shards to a subset, with its checks and descriptions.
- `neighbors/`: queries, and their exact nearest neighbors in a subset.
- `exports/`: the products and gold standards in the forms that other programs read.
- `run/`: before, during and after a run.
- `report/`: one page about the results.
- `commands/`: one module for each command.

All of them may use `errors` (sentences that a user reads), `files` (a file gets its name when it is complete), `names`
and `logs` (what all files in a working directory are called) and `memory` (how much of it a job may take). Above all:
`cli` parses the command line, and says what went wrong.
"""

__version__ = "0.1.0"

DEFINITION_VERSION = 2
"""Version of the bytes of shards and products.

It is a part of a parameter of the rules. So a new number rebuilds every shard and product, without a download.
Raise it if, and only if, a correction changes bytes of a shard or a product.
"""
