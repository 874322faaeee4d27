"""From graded samples to figures: accuracy with intervals, pass@k, voting, tokens, repairs, acceptance.

Used by evaluate.py and score_with_engine.py. Standard library only.
"""
import collections
import math

import corpus


def pass_at(samples, right, k):
    """The unbiased estimator of Chen et al. 2021, arXiv 2107.03374."""
    if samples - right < k:
        return 1.0
    return 1 - math.prod(1 - k / i for i in range(samples - right + 1, samples + 1))


def mean_interval(scores, name):
    """Mean over questions and half the width of its 95 % interval.

    Questions are independent draws within a family's level; the levels are fixed, not drawn
    (a stratified mean, Cochran 1977, section 5.3).
    """
    strata = collections.defaultdict(list)
    for s in scores:
        strata[s["family"], s["level"]].append(s[name])
    variance = 0.0
    for values in strata.values():
        mean = sum(values) / len(values)
        spread = sum((v - mean) ** 2 for v in values) / max(1, len(values) - 1)
        variance += spread * len(values)
    return sum(s[name] for s in scores) / len(scores), 1.96 * math.sqrt(variance) / len(scores)


def score_question(item, samples):
    """The figures of one question from its samples: {text, tokens, cut, accepted, drafted} each."""
    texts, count = [s["text"] for s in samples], len(samples)
    right = [corpus.grade(item, t) for t in texts]
    answers = [corpus.normal_answer(item, t) for t in texts]
    votes = collections.Counter(a for a in answers if a is not None)
    majority = float(right[answers.index(votes.most_common(1)[0][0])]) if votes else 0.0
    return {"id": item["id"], "family": item["family"], "level": item["level"], "mix": item["mix"],
            "right": right, "accuracy": sum(right) / count,
            "pass8": pass_at(count, sum(right), min(8, count)), "majority": majority,
            "tokens": sum(s["tokens"] for s in samples) / count,
            "truncated": sum(s["cut"] for s in samples) / count,
            "retried": sum(map(corpus.retried, texts)) / count,
            "accepted": sum(s["accepted"] for s in samples),
            "drafted": sum(s["drafted"] for s in samples)}


def summary(scores):
    result = {"questions": len(scores)}
    for name in ("accuracy", "pass8", "majority", "tokens", "truncated", "retried"):
        mean, half = mean_interval(scores, name)
        result[name] = round(mean, 4)
        if name in ("accuracy", "pass8"):
            result[name + "_half"] = round(half, 4)
    drafted = sum(s["drafted"] for s in scores)
    result["acceptance"] = round(sum(s["accepted"] for s in scores) / max(1, drafted), 4)
    return result


def grouped(scores, key):
    groups = collections.defaultdict(list)
    for s in scores:
        groups[key(s)].append(s)
    return {k: summary(v) for k, v in sorted(groups.items())}


def right_digits(scores):
    """{family and level: the right samples of each question, one digit each, in the order of the ids}"""
    cells = collections.defaultdict(str)
    for s in sorted(scores, key=lambda s: s["id"]):
        cells[f"{s['family']}-{s['level']}"] += str(sum(s["right"]))
    return dict(sorted(cells.items()))


def report(scores):
    """The figures of one model: the default mix, its families, every level, and of 8 samples each
    how many are right (one digit a question)."""
    mix = [s for s in scores if s["mix"]]
    result = {"mix": summary(mix) if mix else None, "macro_accuracy": None,
              "families": grouped(mix, lambda s: s["family"]),
              "levels": grouped(scores, lambda s: f"{s['family']}-{s['level']}")}
    if all(len(s["right"]) == 8 for s in scores):
        result["right_of_8"] = right_digits(scores)
    if mix:
        per_family = [v["accuracy"] for v in result["families"].values()]
        result["macro_accuracy"] = round(sum(per_family) / len(per_family), 4)
    return result
