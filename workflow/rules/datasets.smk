rule dataset:
    output:
        states="<results>/states/{dataset}/n{n_qubits}.parquet",
        rows="<results>/datasets/{dataset}/n{n_qubits}.parquet",
    log:
        "<logs>/datasets/{dataset}/n{n_qubits}.log",
    priority: lambda w: int(w.n_qubits)
    resources:
        mem_mb=lambda w, attempt: attempt
        * memory_mb(config, "datasets", w.dataset, f"n{w.n_qubits}"),
        runtime=lambda w, attempt: attempt
        * minutes(config, "datasets", w.dataset, f"n{w.n_qubits}"),
    params:
        cells=lambda w: study.cells(config, "datasets", w.dataset, f"n{w.n_qubits}"),
        source=study.source("datasets"),
    script:
        "../scripts/dataset.py"


rule certificates:
    input:
        states=lambda w: [
            f"<results>/states/{w.dataset}/n{n_qubits}.parquet"
            for n_qubits in study.widths(config, "certificates", w.dataset, w.batch)
        ],
    output:
        rows="<results>/certificates/{dataset}/{batch}.parquet",
    log:
        "<logs>/certificates/{dataset}/{batch}.log",
    priority: lambda w: study.widest(w.batch)
    resources:
        mem_mb=lambda w, attempt: attempt * memory_mb(config, "certificates", w.dataset, w.batch),
        runtime=lambda w, attempt: attempt * minutes(config, "certificates", w.dataset, w.batch),
    params:
        cells=lambda w: study.cells(config, "certificates", w.dataset, w.batch),
        source=study.source("certificates"),
    script:
        "../scripts/certificates.py"
