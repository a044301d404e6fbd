"""Describe a subset as machines that look for datasets want it: in Croissant 1.0, a form of JSON-LD.

Specification: https://docs.mlcommons.org/croissant/docs/croissant-spec.html. The tests validate it with mlcroissant.
"""

from pathlib import Path

ENCODING = {".h5": "application/x-hdf5", ".tsv": "text/tab-separated-values"}
DATASETS = "https://sisap-challenges.github.io/2024/datasets/"
CITATION = (
    "Schuhmann et al., LAION-5B: An open large-scale dataset for training next generation image-text models, "
    "NeurIPS 2022"
)
TERMS = (
    "citeAs", "column", "conformsTo", "data", "dataType", "examples", "extract", "field", "fileObject", "fileProperty",
    "fileSet", "format", "includes", "isLiveDataset", "jsonPath", "key", "md5", "parentField", "path", "recordSet",
    "references", "regex", "repeated", "replace", "samplingRate", "separator", "source", "subField", "transform",
)  # fmt: skip
"""What Croissant adds to the vocabulary of schema.org."""
SPECIAL = {
    "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
}


def croissant(provenance: dict) -> dict:
    """Return the description of the subset whose provenance this is, as JSON holds it.

    The TSV is described as records of text; the embeddings, for whose form Croissant has no words, as a file.
    """
    embeddings, metadata = provenance["products"]
    first, last, rows = (provenance[key] for key in ("first_part", "last_part", "rows"))
    definition = provenance["definition"]
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
            f"CLIP embeddings of the images of parts {first} to {last} of LAION2B-en: {rows:,} rows of "
            f"{definition['dimensions']} float16 in the dataset emb of an HDF5 file, and their metadata in the same "
            f"order. Of the parts' rows, those are kept for which {definition['keep']} holds."
        ),
        "url": DATASETS,
        "version": provenance["software"]["laion2b-subsets"],
        "datePublished": provenance["written"],
        "license": "https://creativecommons.org/licenses/by/4.0/",
        "creator": {"@type": "sc:Organization", "name": "LAION", "url": "https://laion.ai"},
        "citeAs": CITATION,
        "distribution": [_file(file) for file in (embeddings, metadata, *provenance["points_to"])],
        "recordSet": [
            {
                "@type": "cr:RecordSet",
                "@id": "metadata",
                "name": "metadata",
                "field": [_field(metadata["file"], *each) for each in enumerate(definition["columns"])],
            }
        ],
    }


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
        "@id": f"metadata/{number}",  # the name may hold what an identifier may not
        "name": column,
        "dataType": "sc:Text",
        "source": {"fileObject": {"@id": file}, "extract": {"column": column}},
    }
