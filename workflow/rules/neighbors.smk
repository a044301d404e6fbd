# Queries and their exact nearest neighbors. Each shard is searched once, for all subsets. Each subset has a merge.


# As with parts, the file itself is no output of this rule, so Snakemake never deletes it. Its host may be gone by then.
rule download_queries:
    """Download a file that `queries` or `published_gold` names."""
    output:
        touch(logs.mark(RuleName.DOWNLOAD_QUERIES, "{name}")),
    log:
        logs.log(RuleName.DOWNLOAD_QUERIES, "{name}"),
    retries: 0  # the command itself tries often enough
    localrule: not settings["submit_downloads"]
    conda:
        "../../envs/download.yaml"
    resources:
        downloads=1,
        mem_mb=500,
        runtime=240,
    params:
        file=queries_to_download,
    shell:
        'python3 "$LAION2B" --log {log:q} download_queries {params.file:q}'


rule query_file:
    """Use a file that was downloaded."""
    input:
        ancient(downloaded_queries),
    output:
        names.query_file(),


rule queries:
    """Write queries.h5: read from a file, or drawn from a part."""
    input:
        source=source_of_queries,
        lists=ancient(list(FILES_OF_LISTS)),
    output:
        queries=names.QUERIES,
        record=names.QUERIES_RECORD,
    log:
        logs.log(RuleName.QUERIES, "queries"),
    conda:
        "../../envs/filter.yaml"
    resources:
        mem_mb=doubled_at_each_retry(2000),
        runtime=doubled_at_each_retry(30),
    params:
        queries=json.dumps(GOLD.queries, sort_keys=True),
        shard=DEFINITION,
    shell:
        'python3 "$LAION2B" --log {log:q} queries --input {input.source:q} --queries {params.queries:q} --shard {params.shard:q}'
        " --output {output:q}"


# One shard at a time, for all queries. A shard's rows are read once, and all subsets with that shard use its result.
rule search:
    """Find the nearest rows of one shard for each query."""
    input:
        rows=rows_of_part,
        record=ancient(names.shard_record()),
        queries=names.QUERIES,
    output:
        result=names.result(),
        record=names.record_of_result(names.result()),
    log:
        logs.log(RuleName.SEARCH, "{part}"),
    conda:
        "../../envs/concatenate.yaml"
    resources:
        mem_mb=doubled_at_each_retry(1500),
        runtime=doubled_at_each_retry(30),
    params:
        definition=definition_of_result,
        kept=rows_kept,
    shell:
        'python3 "$LAION2B" --log {log:q} search --rows {input.rows:q} --record {input.record:q}'
        " --queries {input.queries:q} --definition {params.definition:q} --kept {params.kept} --output {output:q}"


# Most often there is nothing to search again, and the job only reads the results.
rule search_again:
    """Look for more in shards that may hold more neighbors of some query."""
    input:
        results=results_of_subset,
        rows=rows_of_subset,
        records=ancient(of_subset(names.shard_record())),
        queries=names.QUERIES,
    output:
        result=names.searched_again(),
        record=names.record_of_result(names.searched_again()),
    log:
        logs.log(RuleName.SEARCH_AGAIN, "{last}"),
    conda:
        "../../envs/concatenate.yaml"
    resources:
        mem_mb=doubled_at_each_retry(1500),
        runtime=doubled_at_each_retry(30, per_shard=2),
    params:
        definition=definition_of_again,
    shell:
        'python3 "$LAION2B" --log {log:q} search_again --results {input.results:q} --rows {input.rows:q}'
        " --records {input.records:q} --queries {input.queries:q} --definition {params.definition:q} --output {output:q}"


rule merge:
    """Merge the results of shards to the gold standard of a subset."""
    input:
        results=results_of_subset,
        again=names.searched_again(),
        records=ancient(of_subset(names.shard_record())),
        queries=names.QUERIES,
    output:
        names.gold(),
    log:
        logs.log(RuleName.MERGE, "{last}"),
    conda:
        "../../envs/concatenate.yaml"
    resources:
        mem_mb=doubled_at_each_retry(1500),
        runtime=doubled_at_each_retry(10, per_shard=2),
    params:
        definition=GOLD.text(),
    shell:
        'python3 "$LAION2B" --log {log:q} merge --results {input.results:q} --again {input.again:q}'
        " --records {input.records:q} --queries {input.queries:q} --definition {params.definition:q} --output {output:q}"


rule describe_gold:
    """Describe a gold standard: queries, certificate, hashes, versions."""
    input:
        gold=names.gold(),
        results=results_of_subset,
        again=names.searched_again(),
        records=ancient(of_subset(names.shard_record())),
        queries=names.QUERIES,
    output:
        names.gold_provenance(),
    log:
        logs.log(RuleName.DESCRIBE_GOLD, "{last}"),
    conda:
        "../../envs/concatenate.yaml"
    resources:
        mem_mb=doubled_at_each_retry(1000),
        runtime=doubled_at_each_retry(10),
    params:
        definition=GOLD.text(),
    shell:
        'python3 "$LAION2B" --log {log:q} describe_gold --gold {input.gold:q} --results {input.results:q}'
        " --again {input.again:q} --records {input.records:q} --queries {input.queries:q}"
        " --definition {params.definition:q} --output {output:q}"


rule verify_gold:
    """Check a published gold standard against the rows of a subset."""
    input:
        published=published_gold,
        queries=published_queries,
        embeddings=before_update(that_exists(names.embeddings(name=NAME))),
        shards=before_update(shards_of_virtual),
        gold=before_update(our_gold),
    output:
        names.verified_gold(),
    log:
        logs.log(RuleName.VERIFY_GOLD, "{last}"),
    conda:
        "../../envs/filter.yaml"
    resources:
        mem_mb=doubled_at_each_retry(2000),
        runtime=doubled_at_each_retry(60),
    params:
        md5=published_md5,
        gold=with_our_gold,
    shell:
        'python3 "$LAION2B" --log {log:q} verify_gold {input.published:q} --queries {input.queries:q}'
        " --embeddings {input.embeddings:q} --md5 {params.md5:q} {params.gold:q} --output {output:q}"
