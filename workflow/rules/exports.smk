# Exports: the products and gold standards in the forms that other programs read. docs/exports.md describes each.


rule export_binary:
    """Write the embeddings of a subset as one binary matrix."""
    input:
        rows=rows_of_export,
        records=ancient(of_subset(names.shard_record())),
    output:
        export_names.binary(name=NAME),
    log:
        logs.log(RuleName.EXPORT_BINARY, "{last}.{kind}"),
    wildcard_constraints:
        kind="|".join(export_names.MATRICES),
    conda:
        "../../envs/concatenate.yaml"
    resources:
        mem_mb=doubled_at_each_retry(500),
        runtime=doubled_at_each_retry(10, per_shard=4),
    params:
        **FIRST_PART,
        definition=DEFINITION,
    shell:
        'python3 "$LAION2B" --log {log:q} export binary --rows {input.rows:q} --records {input.records:q}'
        " --definition {params.definition:q} --output {output:q}"


# float32 and the number of columns before each row take much space, so there is none of a whole subset with its gold standard.
rule export_vecs:
    """Write the first rows of a subset with queries, neighbors and captions, as research code reads them."""
    input:
        embeddings=names.embeddings(names.first_rows(), NAME),
        metadata=names.metadata(names.first_rows()) if HAS_CAPTIONS else [],
        gold=names.gold(names.first_rows()),
        queries=names.QUERIES,
    output:
        **vecs_of_first(),
    log:
        logs.log(RuleName.EXPORT_VECS, names.first_rows()),
    conda:
        "../../envs/filter.yaml"
    resources:
        mem_mb=doubled_at_each_retry(500),
        runtime=doubled_at_each_retry(30),
    params:
        strings=with_strings,
    shell:
        'python3 "$LAION2B" --log {log:q} export vecs --embeddings {input.embeddings:q} --gold {input.gold:q}'
        " --queries {input.queries:q} {params.strings:q} --output {output.matrices:q}"


# `train` points to the product, so the file takes no time and little space. It has to move together with the product.
rule export_ann_benchmarks:
    """Write HDF5 for ann-benchmarks (angular) or VIBE (cosine) that points to the rows of a subset."""
    input:
        embeddings=names.embeddings(name=NAME),
        gold=names.gold(),
        queries=names.QUERIES,
    output:
        export_names.ann_benchmarks(name=NAME),
    log:
        logs.log(RuleName.EXPORT_ANN_BENCHMARKS, "{last}-{distance}"),
    wildcard_constraints:
        distance="|".join(export_names.DISTANCES),
    conda:
        "../../envs/concatenate.yaml"
    resources:
        mem_mb=doubled_at_each_retry(500),
        runtime=doubled_at_each_retry(10),
    params:
        **WITH_GOLD,
    shell:
        'python3 "$LAION2B" --log {log:q} export ann_benchmarks_view --embeddings {input.embeddings:q}'
        " --gold {input.gold:q} --queries {input.queries:q} --distance {wildcards.distance} --output {output:q}"


rule export_ann_benchmarks_float32:
    """Write HDF5 for ann-benchmarks or VIBE with all numbers in it."""
    input:
        rows=rows_of_export,
        records=ancient(of_subset(names.shard_record())),
        gold=names.gold(),
        queries=names.QUERIES,
    output:
        export_names.ann_benchmarks_float32(name=NAME),
    log:
        logs.log(RuleName.EXPORT_ANN_BENCHMARKS_FLOAT32, "{last}-{distance}"),
    wildcard_constraints:
        distance="|".join(export_names.DISTANCES),
    conda:
        "../../envs/concatenate.yaml"
    resources:
        mem_mb=doubled_at_each_retry(500),
        runtime=doubled_at_each_retry(10, per_shard=4),
    params:
        **WITH_GOLD,
    shell:
        'python3 "$LAION2B" --log {log:q} export ann_benchmarks --rows {input.rows:q} --records {input.records:q}'
        " --definition {params.definition:q} --gold {input.gold:q} --queries {input.queries:q}"
        " --distance {wildcards.distance} --output {output:q}"


rule download_metadata_again:
    """Fetch the metadata of a part whose files were deleted."""
    output:
        temp(export_names.metadata_again()),
    log:
        logs.log(RuleName.DOWNLOAD_METADATA_AGAIN, "{part}"),
    priority: earlier_parts_first
    retries: 0  # it has tried often enough itself
    localrule: not settings["submit_downloads"]
    conda:
        "../../envs/download.yaml"
    resources:
        downloads=1,
        mem_mb=500,
        runtime=240,
    shell:
        'python3 "$LAION2B" --log {log:q} download metadata {wildcards.part} {output:q}'


rule export_metadata_of_part:
    """Write the metadata of one shard as Parquet."""
    input:
        metadata=metadata_of_export,
        lists=ancient(list(FILES_OF_LISTS)),
        records=ancient(records_up_to),
    output:
        temporary_unless_kept(export_names.metadata_of_part()),
    log:
        logs.log(RuleName.EXPORT_METADATA_OF_PART, "{part}"),
    priority: 10000
    conda:
        "../../envs/filter.yaml"
    resources:
        mem_mb=doubled_at_each_retry(1000),
        runtime=doubled_at_each_retry(10),
    params:
        **FIRST_PART,
        definition=DEFINITION,
    shell:
        'python3 "$LAION2B" --log {log:q} export metadata_of_part --metadata {input.metadata:q}'
        " --records {input.records:q} --definition {params.definition:q} --output {output:q}"


rule export_metadata:
    """Join the metadata of shards to those of a subset."""
    input:
        parts=metadata_of_shards,
        records=ancient(of_subset(names.shard_record())),
    output:
        export_names.metadata(),
    log:
        logs.log(RuleName.EXPORT_METADATA, "{last}"),
    conda:
        "../../envs/filter.yaml"
    resources:
        mem_mb=doubled_at_each_retry(500),
        runtime=doubled_at_each_retry(10, per_shard=2),
    params:
        **FIRST_PART,
        definition=DEFINITION,
    shell:
        'python3 "$LAION2B" --log {log:q} export metadata --parts {input.parts:q} --records {input.records:q}'
        " --definition {params.definition:q} --output {output:q}"


rule export_vectors_of_part:
    """Write the embeddings of one shard as Parquet. All subsets that hold the shard share the file."""
    input:
        rows=lambda wildcards: shard_or_product(wildcards.part),
        records=ancient(records_up_to),
    output:
        export_names.vectors_of_part(),
    log:
        logs.log(RuleName.EXPORT_VECTORS_OF_PART, "{part}"),
    conda:
        "../../envs/filter.yaml"
    resources:
        mem_mb=doubled_at_each_retry(500),
        runtime=doubled_at_each_retry(10),
    params:
        **FIRST_PART,
        definition=DEFINITION,
    shell:
        'python3 "$LAION2B" --log {log:q} export vectors_of_part --rows {input.rows:q} --records {input.records:q}'
        " --definition {params.definition:q} --output {output:q}"


rule export_parquet:
    """Fill a folder of Parquet: embeddings, queries, neighbors."""
    input:
        parts=of_subset(export_names.vectors_of_part()),
        records=ancient(of_subset(names.shard_record())),
        gold=names.gold(),
        queries=names.QUERIES,
    output:
        touch(logs.mark(RuleName.EXPORT_PARQUET, "{last}")),
    log:
        logs.log(RuleName.EXPORT_PARQUET, "{last}"),
    conda:
        "../../envs/filter.yaml"
    resources:
        mem_mb=doubled_at_each_retry(500),
        runtime=doubled_at_each_retry(10, per_shard=2),
    params:
        **WITH_GOLD,
        folder=folder_to_fill("parquet"),
    shell:
        'python3 "$LAION2B" --log {log:q} export parquet --parts {input.parts:q} --records {input.records:q}'
        " --definition {params.definition:q} --gold {input.gold:q} --queries {input.queries:q} --output {params.folder:q}"


rule export_bigann:
    """Fill a folder for cuVS, DiskANN and big-ann: queries and gold standard of a binary matrix."""
    input:
        base=export_names.binary(kind="f16bin", name=NAME),
        records=ancient(of_subset(names.shard_record())),
        gold=names.gold(),
        queries=names.QUERIES,
    output:
        touch(logs.mark(RuleName.EXPORT_BIGANN, "{last}")),
    log:
        logs.log(RuleName.EXPORT_BIGANN, "{last}"),
    conda:
        "../../envs/filter.yaml"
    resources:
        mem_mb=doubled_at_each_retry(500),
        runtime=doubled_at_each_retry(10),
    params:
        **WITH_GOLD,
        name=lambda wildcards: export_names.dataset(wildcards.last, NAME),
        folder=folder_to_fill("bigann"),
    shell:
        'python3 "$LAION2B" --log {log:q} export bigann --name {params.name:q} --base {input.base:q}'
        " --records {input.records:q} --definition {params.definition:q} --gold {input.gold:q}"
        " --queries {input.queries:q} --output {params.folder:q}"


# Links share the time of the file that they lead to, and Snakemake changes the time of what a job wrote. So the output is
# a mark, and the links are no outputs.
rule export_sisap:
    """Fill a folder in the layout of the SISAP challenge."""
    input:
        embeddings=names.embeddings(name=NAME),
        shards=shards_to_write_out,
        records=ancient(of_subset(names.shard_record())),
        gold=names.gold(),
        queries=names.QUERIES,
    output:
        touch(logs.mark(RuleName.EXPORT_SISAP, "{last}")),
    log:
        logs.log(RuleName.EXPORT_SISAP, "{last}"),
    conda:
        "../../envs/concatenate.yaml"
    resources:
        mem_mb=doubled_at_each_retry(500),
        runtime=doubled_at_each_retry(10, per_shard=2),
    params:
        **WITH_GOLD,
        folder=folder_to_fill("sisap"),
    shell:
        'python3 "$LAION2B" --log {log:q} export sisap --embeddings {input.embeddings:q} --shards {input.shards:q}'
        " --records {input.records:q} --definition {params.definition:q} --gold {input.gold:q}"
        " --queries {input.queries:q} --searched {params.searched:q} --output {params.folder:q}"


# Nothing is run for it, so Snakemake deletes nothing in a folder in which users may have put files of their own.
rule export_folder:
    """Use a folder that an export filled."""
    input:
        mark_of_folder,
    output:
        directory(export_names.folder()),
    wildcard_constraints:
        kind="|".join(export_names.FOLDERS),


rule odd_rows:
    """List the rows of a subset that are zero or not finite, and those that are equal to an earlier one."""
    input:
        rows=rows_of_export,
        records=ancient(of_subset(names.shard_record())),
    output:
        zero=export_names.zero_rows(),
        duplicates=export_names.duplicates(),
    log:
        logs.log(RuleName.ODD_ROWS, "{last}"),
    conda:
        "../../envs/filter.yaml"
    resources:
        mem_mb=doubled_at_each_retry(500),
        runtime=doubled_at_each_retry(10, per_shard=4),
    params:
        **FIRST_PART,
        definition=DEFINITION,
        name=lambda wildcards: names.embeddings(wildcards.last, NAME),
    shell:
        'python3 "$LAION2B" --log {log:q} export odd_rows --name {params.name:q} --rows {input.rows:q}'
        " --records {input.records:q} --definition {params.definition:q} --output {output:q}"


rule describe_export:
    """Describe an export: what it is made of, and the SHA-256 of its files."""
    input:
        export=exported,
        records=ancient(records_of_export),
        gold=gold_of_export,
    output:
        export_names.description(),
    log:
        logs.log(RuleName.DESCRIBE_EXPORT, "{export}"),
    wildcard_constraints:
        export=export_names.described(NAME),
    conda:
        "../../envs/concatenate.yaml"
    resources:
        mem_mb=doubled_at_each_retry(500),
        runtime=doubled_at_each_retry(10, per_shard=2),
    params:
        definition=DEFINITION,
        path=path_of_export,
        gold=with_gold,
    shell:
        'python3 "$LAION2B" --log {log:q} export describe {params.path:q} --records {input.records:q}'
        " --definition {params.definition:q} {params.gold:q} --output {output:q}"
