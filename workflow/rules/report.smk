rule report:
    input:
        datasets=row_files("datasets", "datasets"),
        certificates=row_files("certificates", "certificates"),
        trainability=row_files("trainability", "trainability"),
        verdicts=["<results>/verdicts/verdicts.parquet"],
        runs=row_files("runs", "training"),
        steps=row_files("steps", "training"),
        scores=row_files("scores", "training"),
        rivals=row_files("rivals", "rivals"),
        hardware=row_files("hardware", "hardware") + row_files("collected", "jobs"),
        jobs=row_files("jobs", "jobs"),
        device_steps=row_files("device_steps", "device_training"),
    output:
        page="<reports>/index.html",
        figures=directory("<reports>/figures"),
        data=directory("<reports>/data"),
    log:
        "<logs>/report.log",
    params:
        config_hash=digest(config),
        source=study.source("report"),
    script:
        "../scripts/report.py"
