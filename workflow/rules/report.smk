DROPPED_OF = {  # by the table whose rows say so
    table: gone
    for stage, table in ROWS_OF.items()
    if (gone := [one for one in DROPPED if one.stage == stage])
}
ROWS = dict(  # files of each table that the stages write
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
)
for table in DROPPED_OF:
    ROWS[table].append(f"<results>/dropped/{table}.parquet")


rule dropped:  # what budgets.max_cpu_hours left out
    output:
        rows="<results>/dropped/{table}.parquet",
    log:
        "<logs>/dropped/{table}.log",
    params:
        dropped=lambda w: [vars(one) for one in DROPPED_OF[w.table]],
        asked=ASKED,
    script:
        "../scripts/dropped.py"


rule leaderboard:
    input:
        scores=ROWS["scores"],
        runs=ROWS["runs"],
    output:
        rows="<results>/leaderboard/leaderboard.parquet",
    log:
        "<logs>/leaderboard.log",
    params:
        source=study.source("leaderboard"),
    script:
        "../scripts/leaderboard.py"


rule claims:
    input:
        **{table: files for table, files in ROWS.items() if table != "steps"},
        claims=local(CLAIMS),  # a file of the package, whatever storage holds the study
    output:
        rows="<results>/claims/claims.parquet",
    log:
        "<logs>/claims.log",
    params:
        source=study.source("claims"),
    script:
        "../scripts/claims.py"


rule report:
    input:
        **ROWS,
        claims=["<results>/claims/claims.parquet"],
        leaderboard=["<results>/leaderboard/leaderboard.parquet"],
    output:
        page=report("<reports>/index.html", caption="../report/page.rst", category="Page"),
        figures=report(
            directory("<reports>/figures"),
            patterns=["{figure}.svg"],
            caption="../report/figure.rst",
            category="Figures",
            subcategory=lambda w: FIGURES[w.figure].section,
            labels={"figure": "{figure}"},
        ),
        data=directory("<reports>/data"),
    log:
        "<logs>/report.log",
    params:
        config_hash=digest(config),
        source=study.source("report"),
        captions=figure_captions(),
    script:
        "../scripts/report.py"
