"""Networks on machines: circuits of native gates, their cost, their jobs, their counts."""
