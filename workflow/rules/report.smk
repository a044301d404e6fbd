# A page about the finished files of the working directory. It downloads and builds nothing.


rule report:
    """Write a page about the finished files."""
    input:
        before_update(files_of_report),
    output:
        report(names.REPORT, caption="../report/page.rst", category="Subsets"),
    log:
        logs.log(RuleName.REPORT, "report"),
    conda:
        "../../envs/report.yaml"
    resources:
        mem_mb=doubled_at_each_retry(1000),
        runtime=doubled_at_each_retry(30),
    params:
        definition=DEFINITION,
        first_part=settings["first_part"],
        name=NAME,
    shell:
        'python3 "$LAION2B" --log {log:q} report --output {output:q} --definition {params.definition:q}'
        " --first-part {params.first_part} --name {params.name:q}"
