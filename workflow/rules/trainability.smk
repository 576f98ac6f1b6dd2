# The input is |0…0>, but for contrasts: most of these jobs need no states and fill idle cores.
rule trainability:
    input:
        states=lambda w: [
            f"<results>/states/{dataset}/n{n_qubits}.parquet"
            for dataset, n_qubits in study.contrasts_of(config, w.curve, w.batch)
        ],
    output:
        rows="<results>/trainability/{curve}/{batch}.parquet",
    log:
        "<logs>/trainability/{curve}/{batch}.log",
    priority: lambda w: study.widest(w.batch)
    resources:
        mem_mb=lambda w, attempt: attempt * memory_mb(config, "trainability", w.curve, w.batch),
        runtime=lambda w, attempt: attempt * minutes(config, "trainability", w.curve, w.batch),
    params:
        cells=lambda w: study.cells(config, "trainability", w.curve, w.batch),
        source=study.source("trainability"),
    script:
        "../scripts/trainability.py"


rule verdicts:
    input:
        row_files("trainability", "trainability"),
    output:
        rows="<results>/verdicts/verdicts.parquet",
    log:
        "<logs>/verdicts.log",
    params:
        curves=study.entries(config, "trainability"),
        source=study.source("trainability"),
    script:
        "../scripts/verdicts.py"
