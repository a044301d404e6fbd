# Checks of finished products. With `before_update`, Snakemake neither builds nor deletes the files that a check reads.
# If they have changed, the check runs again.


# If a check fails, its findings go to verify-N.failed.json, because Snakemake deletes the outputs of a failed job.
rule verify:
    """Check a finished subset against the records of its shards."""
    input:
        embeddings=before_update(that_exists(names.embeddings(name=NAME))),
        metadata=before_update(that_exists(names.metadata())) if forms.has_tsv(settings) else [],
        records=before_update(that_exists(names.shard_record())),
        shards=before_update(shards_of_virtual),
    output:
        report(names.verified(), caption="../report/verify.rst", category="Checks"),
    log:
        logs.log(RuleName.VERIFY, "{last}"),
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


# A rule of its own, because it takes as long as several md5 sums of all embeddings.
rule jld2:
    """Compare the rows of an official subset with the file that was published."""
    input:
        embeddings=before_update(that_exists(names.embeddings(name=NAME))),
        shards=before_update(shards_of_virtual),
    output:
        report(names.jld2(), caption="../report/jld2.rst", category="Checks"),
    log:
        logs.log(RuleName.JLD2, "{last}"),
    conda:
        "../../envs/concatenate.yaml"
    threads: 4
    resources:
        mem_mb=doubled_at_each_retry(1000),
        runtime=doubled_at_each_retry(240),
    shell:
        'python3 "$LAION2B" --log {log:q} jld2 {input.embeddings:q} --last {wildcards.last} --threads {threads} --output {output:q}'
