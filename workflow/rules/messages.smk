# What a run says before it starts, and after it failed.

LOGS_BEFORE = failures.snapshot(Path("logs")) if workflow.is_main_process else {}
PRODUCTS = ("concatenate_embeddings", "concatenate_metadata")


def planned(rule_name):
    """Return the jobs of a rule that this run will execute."""
    return [job for job in workflow.dag.needrun_jobs() if job.rule.name == rule_name]


def check_order():
    """Stop a run that would look at products while it makes them: what looks takes what stands, in no order."""
    looking = [job.output[0] for name in ("verify", "jld2", "report") for job in planned(name)]
    making = [job.output[0] for name in ("filter", *PRODUCTS) for job in planned(name)]
    if looking and making:
        raise WorkflowError(
            f"{looking[0]} is about what stands, but this run would also write {making[0]}. Ask for {looking[0]} in a run "
            "of its own, after this one."
        )


def check_space():
    """Say how much disk this run needs, and stop it if there is less."""
    if not any(planned(name) for name in ("download", "filter", *PRODUCTS)):
        return
    outputs = [Path(file) for job in workflow.dag.needrun_jobs() for file in job.output]
    jobs = workflow.resource_settings.cores or (workflow.resource_settings.nodes or 1) * parts_together()
    logger.info(forecast.disk(outputs, settings, DOWNLOADS + jobs, logger.warning))


def check_inputs():
    """Stop before shards are lost to a definition that fits no part, or parts that are not ours are deleted."""
    filters = planned("filter")
    preflight.check_definition([Path(job.input.metadata) for job in filters], json.loads(DEFINITION))
    if not settings["keep_parts"]:
        preflight.refuse_to_delete([Path(file) for job in filters for file in job.input])


def check_views():
    """Stop before shards are lost under a virtual product that stands."""
    changing = {Path(job.output.embeddings) for job in planned("filter")}
    if not settings["keep_shards"]:
        changing |= set(Path("shards").glob("*.h5"))
    made_anew = {Path(job.output[0]) for job in planned("concatenate_embeddings")}
    preflight.give_up_views(sorted(Path().glob("laion2B-*.h5")), made_anew, changing)


def say_what_is_made_again():
    """Warn of work that was done before, and of the reason."""
    again = [job for job in planned("filter") if Path(job.output.record).exists()]
    if lost := [job for job in again if not all(Path(file).exists() for file in job.output)]:
        products = [job.output[0] for rule in PRODUCTS for job in planned(rule) if Path(job.output[0]).exists()]
        logger.warning(
            f"{len(lost)} shards that stood before will be made again: they were deleted (`keep_shards: false`, or by "
            "you), and this run extends or changes a subset."
            + (f" With them, products that stand are written again: {', '.join(products)}." if products else "")
        )
    parts = {job.wildcards.part for job in again}
    if fetched := [job for job in planned("download") if job.wildcards.part in parts]:
        logger.warning(
            f"{len(fetched)} files of parts will be downloaded again: their shards have to be made again, and the parts "
            "are not there any more."
        )


def report_progress():
    """Say now and then how far the run is, for as long as it lasts; by Snakemake's logger, so that nothing is garbled."""
    numbers = {int(job.wildcards.part) for job in workflow.dag.jobs if "part" in job.wildcards.keys()}
    look = functools.partial(status.look, settings, sorted(numbers), [], LOGS_BEFORE)
    if numbers and settings["progress"]:
        threading.Thread(target=progress.say, args=(look, settings["progress"], logger.info), daemon=True).start()


onstart:
    try:
        check_order()
        check_inputs()
        check_space()
        check_views()
        say_what_is_made_again()
        report_progress()
    except Laion2bError as error:
        raise WorkflowError(error) from None


onerror:
    logger.error(failures.summary(Path("logs"), LOGS_BEFORE))
