# What stands in the working directory, as a page to read. Nothing is fetched, built or built anew for it.


rule report:
    input:
        what_stands,
    output:
        "report.html",
    log:
        "logs/report/report.log",
    conda:
        "../../envs/report.yaml"
    resources:
        mem_mb=doubled_at_each_retry(1000),
        runtime=doubled_at_each_retry(30),
    params:
        definition=DEFINITION,
        first_part=settings["first_part"],
    shell:
        'python3 "$LAION2B" --log {log:q} report --output {output:q} --definition {params.definition:q}'
        " --first-part {params.first_part}"
