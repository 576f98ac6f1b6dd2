rule archive:  # what a deposit takes: results, report, environment, config and metadata
    input:
        rows=[file for files in ROWS.values() for file in files]
        + [*rules.claims.output, *rules.leaderboard.output],
        states=[
            f"<results>/states/{name}/{label}.parquet"
            for name, label in study.jobs(config, "datasets")
        ],
        report=rules.report.output,
        paper=lambda w: sorted(
            str(file)
            for file in Path(study.report_folder(config), "paper").glob("*.*")  # once drawn
            if not file.name.startswith(".")
        ),
    output:
        f"archives/{config['study']}.zip",
    log:
        "<logs>/archive.log",
    params:
        results=f"results/{config['study']}",
        reports=study.report_folder(config),
        with_states=False,
    script:
        "../scripts/archive.py"


use rule archive as archive_with_states with:
    output:
        f"archives/{config['study']}_with_states.zip",
    log:
        "<logs>/archive_with_states.log",
    params:
        results=f"results/{config['study']}",
        reports=study.report_folder(config),
        with_states=True,
