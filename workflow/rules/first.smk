# The first rows of a subset, so many as are asked for. Only the parts that can hold them are needed.


rule first_embeddings:
    """Concatenate the first embeddings."""
    input:
        shards=shards_of_first(names.shard_embeddings()),
        records=ancient(of_first(names.shard_record())),
    output:
        names.embeddings(FIRST_ROWS, NAME),
    log:
        logs.log(RuleName.FIRST_EMBEDDINGS, "{rows}"),
    conda:
        "../../envs/concatenate.yaml"
    resources:
        mem_mb=doubled_at_each_retry(1000),
        runtime=doubled_at_each_retry(10, per_shard=2),
    params:
        **FIRST_PART,
        definition=definition_of_first,
    shell:
        'python3 "$LAION2B" --log {log:q} concatenate_embeddings --rows {wildcards.rows}'
        " --shards {input.shards:q} --records {input.records:q} --output {output:q}"
        " --definition {params.definition:q}"


rule first_metadata:
    """Concatenate the first rows of the metadata."""
    input:
        shards=metadata_of_first,
        records=ancient(of_first(names.shard_record())),
    output:
        names.metadata(FIRST_ROWS),
    log:
        logs.log(RuleName.FIRST_METADATA, "{rows}"),
    conda:
        "../../envs/concatenate.yaml"
    resources:
        mem_mb=doubled_at_each_retry(1000),
        runtime=doubled_at_each_retry(10, per_shard=2),
    params:
        **FIRST_PART,
        definition=definition_of_first,
    shell:
        'python3 "$LAION2B" --log {log:q} concatenate_metadata --rows {wildcards.rows}'
        " --shards {input.shards:q} --records {input.records:q} --output {output:q}"
        " --definition {params.definition:q}"


# Which shard is cut, and where, is known when all shards exist. All shards before it are searched as a whole, by `search`.
rule search_cut:
    """Find the nearest rows in the shard in which the first rows end, up to where they end."""
    input:
        rows=rows_of_first,
        records=ancient(of_first(names.shard_record())),
        queries=names.QUERIES,
    output:
        result=names.result(FIRST_ROWS),
        record=names.record_of_result(names.result(FIRST_ROWS)),
    log:
        logs.log(RuleName.SEARCH_CUT, "{rows}"),
    conda:
        "../../envs/concatenate.yaml"
    resources:
        mem_mb=doubled_at_each_retry(1500),
        runtime=doubled_at_each_retry(30),
    params:
        definition=GOLD.text(),
        kept=rows_kept_of_cut,
    shell:
        'python3 "$LAION2B" --log {log:q} search_cut --first {wildcards.rows} --rows {input.rows:q}'
        " --records {input.records:q} --queries {input.queries:q} --definition {params.definition:q}"
        " --kept {params.kept} --output {output:q}"


rule search_first_again:
    """Look for more in shards that may hold more neighbors of some query among the first rows."""
    input:
        results=results_of_whole,
        cut=names.result(FIRST_ROWS),
        rows=rows_of_first,
        records=ancient(of_first(names.shard_record())),
        queries=names.QUERIES,
    output:
        result=names.searched_again(FIRST_ROWS),
        record=names.record_of_result(names.searched_again(FIRST_ROWS)),
    log:
        logs.log(RuleName.SEARCH_FIRST_AGAIN, "{rows}"),
    conda:
        "../../envs/concatenate.yaml"
    resources:
        mem_mb=doubled_at_each_retry(1500),
        runtime=doubled_at_each_retry(30, per_shard=2),
    params:
        definition=GOLD.text(),
    shell:
        'python3 "$LAION2B" --log {log:q} search_again --first {wildcards.rows} --results {input.results:q} {input.cut:q}'
        " --rows {input.rows:q} --records {input.records:q} --queries {input.queries:q}"
        " --definition {params.definition:q} --output {output:q}"


rule merge_first:
    """Merge results to the gold standard of the first rows."""
    input:
        results=results_of_whole,
        cut=names.result(FIRST_ROWS),
        again=names.searched_again(FIRST_ROWS),
        records=ancient(of_first(names.shard_record())),
        queries=names.QUERIES,
    output:
        names.gold(FIRST_ROWS),
    log:
        logs.log(RuleName.MERGE_FIRST, "{rows}"),
    conda:
        "../../envs/concatenate.yaml"
    resources:
        mem_mb=doubled_at_each_retry(1500),
        runtime=doubled_at_each_retry(10, per_shard=2),
    params:
        definition=GOLD.text(),
    shell:
        'python3 "$LAION2B" --log {log:q} merge --first {wildcards.rows} --results {input.results:q} {input.cut:q}'
        " --again {input.again:q} --records {input.records:q} --queries {input.queries:q}"
        " --definition {params.definition:q} --output {output:q}"
