rule rivals:
    input:
        states=lambda w: [
            f"<results>/states/{cell['dataset']}/n{cell['n_qubits']}.parquet"
            for cell in study.cells(config, "rivals", w.dataset, w.batch)
        ],
        certificates=lambda w: [
            f"<results>/certificates/{dataset}/{batch}.parquet"
            for dataset, batch in study.certificates_of(config, "rivals", w.dataset, w.batch)
        ],
        runs=lambda w: [
            f"<results>/runs/{arm}/{batch}.parquet"
            for arm, batch in study.runs_of(config, w.dataset, w.batch)
        ],
    output:
        rows="<results>/rivals/{dataset}/{batch}.parquet",
    log:
        "<logs>/rivals/{dataset}/{batch}.log",
    priority: lambda w: study.widest(w.batch)
    resources:
        mem_mb=lambda w, attempt: attempt * memory_mb(config, "rivals", w.dataset, w.batch),
        runtime=lambda w, attempt: attempt * minutes(config, "rivals", w.dataset, w.batch),
    params:
        cells=lambda w: study.cells(config, "rivals", w.dataset, w.batch),
        source=study.source("rivals"),
    script:
        "../scripts/rivals.py"
