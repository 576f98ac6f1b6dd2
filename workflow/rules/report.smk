def row_files(table, stage):
    """Return the files that hold the rows of one table."""
    return [
        f"<results>/{table}/{name}/{batch}.parquet" for name, batch in study.jobs(config, stage)
    ]


rule report:
    input:
        datasets=row_files("datasets", "datasets"),
        certificates=row_files("certificates", "certificates"),
        trainability=row_files("trainability", "trainability"),
        runs=row_files("runs", "training"),
        steps=row_files("steps", "training"),
        scores=row_files("scores", "training"),
    output:
        page="<reports>/index.html",
        figures=directory("<reports>/figures"),
    log:
        "<logs>/report.log",
    params:
        config_hash=digest(config),
        source=study.source("report"),
    script:
        "../scripts/report.py"
