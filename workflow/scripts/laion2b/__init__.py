"""Download, filter and concatenate the parts of LAION2B-en's CLIP embeddings.

Plain Python that knows no Snakemake. The modules follow the sentence of the README:

download  -> mirrors, transfer, partial, record
filter    -> metadata, keep, tsv (the rows and their text), embeddings, hdf5 (the matrix)
concatenate
"""

__version__ = "0.1.0"

DEFINITION_VERSION = 1
"""Version of what a shard and a product are, to the byte.

It reaches the rules as part of a parameter, so raising it rebuilds every shard and product without a download.
Raise it if, and only if, a correction changes bytes of a shard or a product.
"""
