"""Figures of scipy, statsmodels and lifelines for src/statistics: writes reference.json.

Needs: pip install scipy==1.17.1 statsmodels==0.15.0 lifelines==0.30.3
"""
import itertools
import json
import math
import pathlib

import numpy as np
import scipy.stats as st
from lifelines import KaplanMeierFitter
from lifelines.utils import restricted_mean_survival_time
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

rng = np.random.default_rng(20261125)
out = {}
out["normal"] = [[z, st.norm.cdf(z)] for z in [-8, -3, -1.96, -0.1, 0, 0.5, 2.5758, 6]]
out["normal_quantile"] = [[p, st.norm.ppf(p)] for p in [1e-9, 0.001, 0.025, 0.3, 0.5, 0.8, 0.975, 0.9999]]
out["student_t"] = [[t, d, st.t.cdf(t, d)] for t in [-30, -2.5, -0.3, 0, 1, 4] for d in [1, 2, 7.5, 29, 1000]]
out["student_t_quantile"] = [[p, d, st.t.ppf(p, d)] for p in [0.001, 0.025, 0.4, 0.9, 0.975] for d in [1, 3, 29, 540]]
out["beta"] = [[a, b, x, st.beta.cdf(x, a, b)] for a in [0.5, 3, 200] for b in [0.5, 1, 40] for x in [0.01, 0.5, 0.93]]
out["beta_quantile"] = [[a, b, p, st.beta.ppf(p, a, b)] for a in [1, 3, 200] for b in [1, 40] for p in [0.025, 0.5, 0.975]]
out["proportion"] = [
    {"successes": s, "trials": n, "wilson": proportion_confint(s, n, method="wilson"),
     "clopper_pearson": proportion_confint(s, n, method="beta")}
    for s, n in [(0, 20), (1, 7), (13, 30), (29, 30), (30, 30), (450, 541)]]
for row in out["proportion"]:
    row["clopper_pearson"] = [0.0 if math.isnan(row["clopper_pearson"][0]) else row["clopper_pearson"][0],
                              1.0 if math.isnan(row["clopper_pearson"][1]) else row["clopper_pearson"][1]]

paired = []
for n in [8, 14, 60]:
    d = np.round(rng.normal(-0.05, 0.2, n) * 8) / 8
    interval = st.ttest_1samp(d, 0).confidence_interval(0.95)
    test = st.permutation_test((d,), np.mean, permutation_type="samples", n_resamples=np.inf if n < 20 else 200_000,
                               rng=np.random.default_rng(1))
    paired.append({"differences": d.tolist(), "mean": d.mean(), "se": st.sem(d), "lo": interval.low, "hi": interval.high,
                   "p": test.pvalue, "exact": n < 20})
out["paired"] = paired
p = [0.01, 0.04, 0.03, 0.005, 0.5, 0.005]
out["holm"] = {"p": p, "adjusted": multipletests(p, method="holm")[1].tolist()}

values = np.round(rng.lognormal(2, 0.7, 40), 3)
boot = st.bootstrap((values,), np.mean, method="BCa", n_resamples=200_000, rng=np.random.default_rng(2))
out["bootstrap_mean"] = {"values": values.tolist(), "lo": boot.confidence_interval.low, "hi": boot.confidence_interval.high}

lengths = rng.exponential(500, 200)
cut = lengths > 900
km = KaplanMeierFitter().fit(np.minimum(lengths, 900), ~cut)
early = rng.random(200) < 0.1
some = np.where(early, lengths * 0.5, lengths)
km2 = KaplanMeierFitter().fit(np.minimum(some, 900), ~(cut | early))
out["restricted_mean"] = [
    {"tokens": np.minimum(lengths, 900).tolist(), "cut": cut.tolist(), "cap": 900,
     "mean": restricted_mean_survival_time(km, t=900)},
    {"tokens": np.minimum(some, 900).tolist(), "cut": (cut | early).tolist(), "cap": 900,
     "mean": restricted_mean_survival_time(km2, t=900)}]

quantiles = []
for n, share in [(60, 0.5), (100, 0.9), (400, 0.99), (59, 0.95)]:
    v = np.round(rng.lognormal(3, 1, n), 4)
    test = st.quantile_test(v, p=share).confidence_interval(0.95)
    quantiles.append({"values": v.tolist(), "share": share, "value": float(np.quantile(v, share, method="inverted_cdf")),
                      "lo": test.low, "hi": None if math.isnan(test.high) else test.high})
out["percentile"] = quantiles

# Majority votes, pass@k and G-Pass@k by enumeration of every choice, independent of the formula.
votes = []
for right, others, none, k in [(3, [2, 1], 1, 4), (2, [2, 2], 0, 3), (0, [3], 1, 2), (4, [], 3, 5), (1, [1, 1, 1], 2, 3)]:
    labels = ["r"] * right + [f"o{i}" for i, n in enumerate(others) for _ in range(n)] + [None] * none
    won = tied = total = 0
    for chosen in itertools.combinations(labels, k):
        counts = {}
        for label in chosen:
            if label is not None:
                counts[label] = counts.get(label, 0) + 1
        total += 1
        if counts.get("r", 0) == max(counts.values(), default=-1):
            rivals = sum(1 for c in counts.values() if c == counts["r"]) - 1
            won += 1 / (1 + rivals)
            tied += rivals > 0
    votes.append({"right": right, "others": others, "none": none, "k": k, "win": won / total, "tied": tied / total})
out["majority_ties"] = votes

# Lengths of two variants on 20 questions x 4 samples, with numpy.
la, lb = np.round(rng.lognormal(5, 0.5, (20, 4))), np.round(rng.lognormal(5.2, 0.6, (20, 4)))
ra, rb = rng.random((20, 4)) < 0.7, rng.random((20, 4)) < 0.6
dl, dr = la - la.mean(1, keepdims=True), ra - ra.mean(1, keepdims=True)
logs = np.log(lb.mean(1) / la.mean(1))
geometric = st.ttest_1samp(logs, 0).confidence_interval(0.95)
out["lengths"] = {"a": la.tolist(), "b": lb.tolist(), "right_a": ra.tolist(), "right_b": rb.tolist(),
                  "ratio": lb.mean(1).sum() / la.mean(1).sum(), "difference": lb.mean() - la.mean(),
                  "geometric": [math.exp(logs.mean()), math.exp(geometric.low), math.exp(geometric.high)],
                  "correlation": np.corrcoef(dl.ravel(), dr.ravel())[0, 1],
                  "budget": 200, "accuracy_at_budget": (ra & (la <= 200)).mean()}

target = pathlib.Path(__file__).with_name("reference.json")
target.write_text("{\n" + ",\n".join(f" {json.dumps(k)}: {json.dumps(v, default=float)}" for k, v in out.items()) + "\n}\n")
