"""Print the model card's tables from scores.json.

    python3 tables.py models/reference/scores.json

Standard library only.
"""
import argparse
import json

from benchmarks import MIX


def percent(value, half=None):
    return f"{100 * value:.1f}" + ("" if half is None else f" ± {100 * half:.1f}")


def families(scores):
    yield ("| family | levels of the mix | questions | accuracy, % | pass@8, % | maj@8, % | tokens | "
           "repairs, % | draft accepted, % | greedy draft, % |")
    yield "| --- |" + " --- |" * 9
    greedy = scores["bf16"]["greedy_draft"]["acceptance"]
    rows = [(name, scores["bf16"]["families"][name]) for name in MIX] + [("**all**", scores["bf16"]["mix"])]
    for name, s in rows:
        drafted = greedy[name.strip("*")]
        own = f"{min(MIX[name])}-{max(MIX[name])}" if name in MIX else ""
        yield (f"| {name} | {own} | {s['questions']} | {percent(s['accuracy'], s['accuracy_half'])} | "
               f"{percent(s['pass8'])} | {percent(s['majority'])} | {s['tokens']:.0f} | "
               f"{percent(s['retried'])} | {percent(s['acceptance'])} | {percent(drafted)} |")


def levels(scores):
    every = scores["bf16"]["levels"]
    yield "| family | " + " | ".join(f"L{n}" for n in range(1, 13)) + " |"
    yield "| --- |" + " --- |" * 12
    for family in MIX:
        cells = []
        for n in range(1, 13):
            s = every.get(f"{family}-{n}")
            cells.append("" if s is None else f"{100 * s['accuracy']:.0f} ± {100 * s['accuracy_half']:.0f}")
        yield f"| {family} | " + " | ".join(cells) + " |"


def recipes(scores):
    yield ("| recipe | KL, shipped | accuracy, % | tokens | repairs, % | draft accepted, % | KL, twin | "
           "accuracy, % | tokens | draft accepted, % |")
    yield "| --- |" + " --- |" * 9
    for name, s in scores["recipes"]["shipped"].items():
        t = scores["recipes"]["twin"][name]
        yield (f"| {name} | {s['divergence']['kl']:.5f} ± {s['divergence']['kl_half']:.5f} | "
               f"{percent(s['accuracy'], s['accuracy_half'])} | {s['tokens']:.0f} | "
               f"{percent(s['retried'])} | {percent(s['acceptance'])} | "
               f"{t['divergence']['kl']:.5f} ± {t['divergence']['kl_half']:.5f} | "
               f"{percent(t['accuracy'], t['accuracy_half'])} | {t['tokens']:.0f} | "
               f"{percent(t['acceptance'])} |")


def recipe_families(scores):
    names = list(MIX)
    yield "| recipe, shipped model | " + " | ".join(names) + " |"
    yield "| --- |" + " --- |" * len(names)
    for recipe, s in scores["recipes"]["shipped"].items():
        yield f"| {recipe} | " + " | ".join(f"{100 * s['families'][n]:.0f}" for n in names) + " |"


def curve(scores):
    points = scores["training"]["curve"]
    chosen = [p for i, p in enumerate(points) if i in (0, 1, 2, 4, 7, 11, 15, 19, 23, 26, len(points) - 1)]
    yield "| Mtokens | " + " | ".join(f"{p['tokens'] / 1e6:.0f}" for p in chosen) + " |"
    yield "| --- |" + " --- |" * len(chosen)
    for key, name in (("loss", "loss"), ("mtp_loss", "MTP loss"), ("token_accuracy", "token accuracy")):
        yield f"| {name} | " + " | ".join(f"{p[key]:.3f}" for p in chosen) + " |"


TABLES = (families, levels, recipes, recipe_families, curve)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("scores", nargs="?", default="models/reference/scores.json")
    with open(parser.parse_args().scores, encoding="utf-8") as file:
        scores = json.load(file)
    for table in TABLES:
        print("\n".join(table(scores)) + "\n")


if __name__ == "__main__":
    main()
