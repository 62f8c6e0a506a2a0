"""Values of scipy for test/eval/statistics.test.ts: t tests, randomisation tests, bootstrap intervals, Holm by statsmodels' definition.

    pip install scipy numpy && python test/golden/make_statistics.py > test/golden/statistics.json
"""

import json

import numpy as np
from scipy import stats

generator = np.random.default_rng(7)
cases = []
for size, shift in [(2, 0.3), (5, 0.1), (8, 0.0), (12, 0.4), (40, 0.05), (300, 0.02), (300, 0.0)]:
    right = np.round(generator.uniform(0, 1, size), 6)
    left = np.round(np.clip(right + generator.normal(shift, 0.2, size), 0, 1), 6)
    test = stats.permutation_test(
        (left - right,),
        lambda one, axis: one.mean(axis=axis),
        permutation_type="samples",
        n_resamples=200_000,
        vectorized=True,
        rng=np.random.default_rng(1),
    )
    interval = stats.bootstrap(
        (left - right,), np.mean, n_resamples=200_000, method="percentile", batch=1000, rng=np.random.default_rng(1)
    ).confidence_interval
    cases.append(
        {
            "left": left.tolist(),
            "right": right.tolist(),
            "t": float(stats.ttest_rel(left, right).pvalue),
            "randomization": float(test.pvalue),
            "interval": [float(interval.low), float(interval.high)],
        }
    )
tails = [
    {"t": t, "degrees": degrees, "p": float(2 * stats.t.sf(abs(t), degrees))}
    for degrees in [1, 2, 3, 7, 30, 200, 5000]
    for t in [1e-6, 0.1, -0.9, 1.96, 4.0, -12.0, 60.0]
]
print(json.dumps({"scipy": __import__("scipy").__version__, "cases": cases, "tails": tails}))
