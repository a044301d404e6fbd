# Checks of what stands. They take it by absolute paths, which no rule makes: so Snakemake neither builds, nor deletes, nor
# touches it, but checks again what has changed since.


# Findings that are not good stand in verify-N.failed.json, because Snakemake deletes the output of a job that fails.
rule verify:
    input:
        embeddings=that_stands("laion2B-{last}.h5"),
        metadata=that_stands("metadata-{last}.tsv"),
        records=that_stands("shards/{part}.json"),
        shards=shards_of_view,
    output:
        "verify-{last}.json",
    log:
        "logs/verify/{last}.log",
    conda:
        "../../envs/concatenate.yaml"
    resources:
        mem_mb=doubled_at_each_retry(1000),
        runtime=doubled_at_each_retry(10, per_shard=2),
    params:
        definition=DEFINITION,
    shell:
        'python3 "$LAION2B" --log {log:q} verify {input.embeddings:q} {input.metadata:q}'
        " --records {input.records:q} --definition {params.definition:q} --output {output:q}"


# A check of its own, because it takes as long as several md5 sums of all embeddings.
rule jld2:
    input:
        embeddings=that_stands("laion2B-{last}.h5"),
        shards=shards_of_view,
    output:
        "jld2-{last}.json",
    log:
        "logs/jld2/{last}.log",
    conda:
        "../../envs/concatenate.yaml"
    threads: 4
    resources:
        mem_mb=doubled_at_each_retry(1000),
        runtime=doubled_at_each_retry(240),
    shell:
        'python3 "$LAION2B" --log {log:q} jld2 {input.embeddings:q} --last {wildcards.last} --threads {threads} --output {output:q}'
