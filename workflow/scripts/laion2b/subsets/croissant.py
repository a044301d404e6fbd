"""Describe a subset for programs that search datasets, in Croissant 1.0, a form of JSON-LD.

Specification: https://docs.mlcommons.org/croissant/docs/croissant-spec.html. The tests validate it with mlcroissant.
"""

from collections.abc import Sequence
from pathlib import Path

from laion2b.shards.definition import Definition

from . import official

ENCODING = {".h5": "application/x-hdf5", ".tsv": "text/tab-separated-values"}
DATASETS = "https://sisap-challenges.github.io/2024/datasets/"
"""A page about the official subsets, and about no others."""
TERMS = (
    "citeAs", "column", "conformsTo", "data", "dataType", "examples", "extract", "field", "fileObject", "fileProperty",
    "fileSet", "format", "includes", "isLiveDataset", "jsonPath", "key", "md5", "parentField", "path", "recordSet",
    "references", "regex", "repeated", "replace", "samplingRate", "separator", "source", "subField", "transform",
)  # fmt: skip
"""Terms that Croissant adds to schema.org."""
SPECIAL = {
    "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
}


def croissant(provenance: dict) -> dict:
    """Return the description of a subset with this provenance, as JSON holds it.

    The TSV is described as records of text. The embeddings are described as a file, because Croissant has no terms for
    a matrix.
    """
    embeddings, *metadata = provenance["products"]
    first, last, rows = (provenance[key] for key in ("first_part", "last_part", "rows"))
    definition = provenance["definition"]
    known = official.subset(Definition(**definition), first, last, provenance["name"], {provenance["family"]})
    source = provenance["family"] or "a collection without a name"
    return {
        "@context": {
            "@language": "en",
            "@vocab": "https://schema.org/",
            "cr": "http://mlcommons.org/croissant/",
            "dct": "http://purl.org/dc/terms/",
            "equivalentProperty": "cr:equivalentProperty",
            "rai": "http://mlcommons.org/croissant/RAI/",
            "sc": "https://schema.org/",
            **{term: SPECIAL.get(term, f"cr:{term}") for term in TERMS},
        },
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": Path(embeddings["file"]).stem,
        "description": (
            f"Embeddings of parts {first} to {last} of {source}: {rows:,} rows of {definition['dimensions']} "
            "float16 in the dataset emb of an HDF5 file, and their metadata in the same order. "
            f"{_kept(definition['keep'])}"
        ),
        **({"url": DATASETS} if known else {}),
        "version": provenance["software"]["laion2b-subsets"],
        "datePublished": provenance["written"],
        **({"license": provenance["license"]} if provenance["license"] else {}),
        **({"creator": {"@type": "sc:Organization", "name": creator}} if (creator := provenance["creator"]) else {}),
        **({"citeAs": provenance["citation"]} if provenance["citation"] else {}),
        "distribution": [_file(file) for file in (embeddings, *metadata, *provenance["points_to"])],
        "recordSet": [
            {
                "@type": "cr:RecordSet",
                "@id": "metadata",
                "name": "metadata",
                "field": [_field(each["file"], *column) for column in enumerate(definition["columns"])],
            }
            for each in metadata
        ],
    }


def _kept(conditions: Sequence) -> str:
    if not conditions:
        return "All rows of the parts are kept."
    return f"Of the parts' rows, those are kept for which {conditions} holds."


def _file(product: dict) -> dict:
    return {
        "@type": "cr:FileObject",
        "@id": product["file"],
        "name": product["file"],
        "contentUrl": product["file"],
        "contentSize": f"{product['size']} B",
        "encodingFormat": ENCODING[Path(product["file"]).suffix],
        "sha256": product["sha256"],
    }


def _field(file: str, number: int, column: str) -> dict:
    return {
        "@type": "cr:Field",
        "@id": f"metadata/{number}",  # a name may have signs that an identifier may not have
        "name": column,
        "dataType": "sc:Text",
        "source": {"fileObject": {"@id": file}, "extract": {"column": column}},
    }
