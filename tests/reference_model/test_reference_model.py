"""Tests of tools/reference_model and of the shipped benchmarks.

    python3 tests/reference_model/test_reference_model.py

The corpus, split and manifest parts need the standard library alone. The torch part (a toy model on the
CPU: recurrence, training step, decoder, imprint, export) is skipped with a message where torch, numpy,
tokenizers or safetensors is absent. The toy rebuild takes most of the time, about a minute.
"""
import hashlib
import json
import math
import os
import random
import re
import subprocess
import sys
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools", "reference_model"))
BENCHMARKS = os.path.join(ROOT, "benchmarks", "reference")
SHIPPED = os.path.join(ROOT, "models", "reference")

import benchmarks      # noqa: E402  (the path comes first)
import calibration     # noqa: E402
import corpus          # noqa: E402
import scoring         # noqa: E402
import tables          # noqa: E402

try:
    import torch
    import numpy
    import safetensors.torch
    import tokenizers
except ImportError as missing:
    torch = None
    MISSING = f"{missing.name} is not installed: the model part is not tested"
else:
    MISSING = ""

PERSON = re.compile(r"(?:the (?:best friend|friend|boss) of )*\b(?:[A-Z][a-z]{3}) (?:[A-Z][a-z]{3})\b")


def item_of(problem, rng):
    return {"answer": problem.answer, **corpus.grader_data(problem, rng)}


class Corpus(unittest.TestCase):
    def test_gold_documents_pass_their_grader(self):
        rng = random.Random(1)
        for family in corpus.FAMILIES:
            for level in corpus.LEVELS:
                for _ in range(3):
                    problem = corpus.generate(rng, family, level)
                    text = "".join(t for t, _ in corpus.document(problem))
                    self.assertTrue(corpus.grade(item_of(problem, rng), text), (family, level, text))

    def test_wrong_or_missing_answers_fail(self):
        rng = random.Random(2)
        for family in corpus.FAMILIES:
            problem = corpus.generate(rng, family, 4)
            item = item_of(problem, rng)
            self.assertFalse(corpus.grade(item, "no end of the thought"))
            self.assertFalse(corpus.grade(item, "</think>\n\nAnswer: nothing of the kind"))
            self.assertFalse(corpus.grade(item, "</think>\n\n"))

    def test_code_is_judged_by_what_it_does(self):
        item = {"grader": "code", "tests": [[[1, 2], [2, 4]], [[], []]]}

        def program(body):
            return f"</think>\n\n```python\ndef f(xs):\n    {body}\n```<|im_end|>"
        self.assertTrue(corpus.grade(item, program("return [x+x for x in xs]")))
        self.assertTrue(corpus.grade(item, program("return [2*x for x in xs]")))
        self.assertFalse(corpus.grade(item, program("return xs")))
        self.assertFalse(corpus.grade(item, program("import os")))
        self.assertFalse(corpus.grade(item, program("return open('x')")))
        self.assertFalse(corpus.grade(item, program("return (")))

    def test_injected_errors_are_marked_found_and_mostly_without_loss(self):
        rng = random.Random(3)
        injected = marked = 0
        for _ in range(400):
            problem = corpus.generate(rng, "arith", 6)
            injected += problem.trace.injected
            marked += sum(flag == 1 for _, flag in problem.trace.pieces)
            text = "".join(t for t, _ in problem.trace.pieces)
            self.assertEqual(problem.trace.injected > 0, corpus.retried(text))
        self.assertGreater(injected, 40)
        self.assertLess(abs(marked / injected - 0.9), 0.08)

    def test_splits_are_disjoint(self):
        rng = random.Random(4)
        for split in ("train", "held-out"):
            for _ in range(200):
                problem = corpus.generate(rng, split=split)
                if not (problem.family == "facts" and problem.level == 1):
                    self.assertEqual(corpus.held_out(problem.family, problem.key),
                                     split == "held-out")

    def test_prompt_without_thinking_closes_the_thought(self):
        self.assertTrue(corpus.prompt("x", False).endswith("<think>\n\n</think>\n\n"))


class Benchmarks(unittest.TestCase):
    def setUp(self):
        with open(os.path.join(BENCHMARKS, "manifest.json"), encoding="utf-8") as file:
            self.manifest = json.load(file)

    def test_files_are_those_of_the_manifest(self):
        for name, entry in self.manifest["files"].items():
            with open(os.path.join(BENCHMARKS, name), "rb") as file:
                data = file.read()
            self.assertEqual(hashlib.sha256(data).hexdigest(), entry["sha256"], name)

    def test_every_family_has_200_questions_of_the_mix_and_all_grade_their_gold(self):
        counts = {}
        for item in benchmarks.read_all(BENCHMARKS):
            counts[item["family"]] = counts.get(item["family"], 0) + item["mix"]
            gold = "</think>\n\n" + corpus.final(item["family"], item["answer"])
            self.assertTrue(corpus.grade(item, gold), item["id"])
        self.assertEqual(set(counts), set(corpus.FAMILIES))
        self.assertGreaterEqual(min(counts.values()), 200)

    def test_the_script_writes_the_same_questions_again(self):
        for family in ("facts", "lineq"):
            again = benchmarks.lines(benchmarks.questions(family, self.manifest["seed"]))
            with open(os.path.join(BENCHMARKS, f"{family}.jsonl"), "rb") as file:
                self.assertEqual(file.read(), again)

    def test_no_question_in_a_sample_of_the_training_data(self):
        asked = {item["question"] for item in benchmarks.read_all(BENCHMARKS)}
        rng = random.Random(1001)
        for _ in range(1500):
            self.assertNotIn(corpus.generate(rng).question, asked)

    def test_chains_of_facts_have_two_to_five_hops(self):
        hops = set()
        for item in self.facts(benchmarks.MIX["facts"]):
            country = "country" in item["question"].lower()          # its city comes first
            chains = PERSON.findall(item["question"])
            self.assertEqual(len(chains), 2 if item["level"] in (7, 8) else 1, item["question"])
            hops |= {chain.count(" of ") + 1 + country for chain in chains}
        self.assertEqual(hops, {2, 3, 4, 5})

    def test_facts_of_level_9_are_asked_in_words_that_training_does_not_use(self):
        trained = {form for forms in corpus.facts.WORDING.values() for form in forms}
        for item in self.facts([9]):
            self.assertNotIn(PERSON.sub("{}", item["question"]), trained)

    @staticmethod
    def facts(levels):
        return [item for item in benchmarks.read(os.path.join(BENCHMARKS, "facts.jsonl"))
                if item["level"] in levels]

    def test_calibration_text_is_what_the_script_writes(self):
        path = os.path.join(ROOT, "data", "calibration", "reference-corpus.txt")
        with open(path, encoding="utf-8", newline="") as file:
            stored = file.read()
        self.assertTrue(stored.startswith(calibration.text(20000)))


class Outliers(unittest.TestCase):
    """The shipped imprint is the one that docs/decisions/0010-imprinted-outliers.md fixed."""

    def setUp(self):
        with open(os.path.join(SHIPPED, "outlier_scales.json"), encoding="utf-8") as file:
            self.scales = json.load(file)

    def test_channels_are_drawn_as_the_decision_says(self):
        rng = random.Random(10)
        norms = sorted(rng.sample(range(256), 3))
        body = "model.language_model.layers."
        want = {f"{body}{i}.{name}_layernorm.weight": norms
                for i in range(8) for name in ("input", "post_attention")}
        for size, count, layers, name in ((768, 8, range(8), "mlp.up_proj"),
                                          (64, 1, (0, 1, 2, 4, 5, 6), "linear_attn.norm"),
                                          (128, 2, (3, 7), "self_attn.v_proj")):
            for i in layers:
                want[f"{body}{i}.{name}.weight"] = sorted(rng.sample(range(size), count))
        drawn = {tensor: sorted(map(int, channels))
                 for tensor, channels in self.scales["exponents"].items()}
        self.assertEqual(drawn, want)

    def test_outliers_stand_at_32_times_the_median_within_the_rounding_of_the_exponent(self):
        for tensor, (_, after) in self.scales["largest_over_median"].items():
            self.assertLess(abs(math.log2(after / 32)), 0.5, tensor)


class Scores(unittest.TestCase):
    def test_estimators(self):
        self.assertAlmostEqual(scoring.pass_at(8, 2, 1), 0.25)
        self.assertAlmostEqual(scoring.pass_at(4, 2, 2), 1 - 1 / 6)      # C(2, 2) / C(4, 2)
        strata = [{"family": "a", "level": n // 2, "x": x} for n, x in enumerate((0, 1, 1, 1))]
        mean, half = scoring.mean_interval(strata, "x")
        self.assertEqual(mean, 0.75)
        self.assertAlmostEqual(half, 1.96 * (0.5 * 2) ** 0.5 / 4)        # only level 0 varies

    def test_the_card_has_the_tables_of_the_scores(self):
        with open(os.path.join(SHIPPED, "scores.json"), encoding="utf-8") as file:
            scores = json.load(file)
        with open(os.path.join(SHIPPED, "README.md"), encoding="utf-8") as file:
            card = file.read()
        for table in tables.TABLES:
            self.assertIn("\n".join(table(scores)) + "\n", card, table.__name__)

    def test_shipped_scores_follow_from_the_counts_of_right_samples(self):
        with open(os.path.join(SHIPPED, "scores.json"), encoding="utf-8") as file:
            scores = json.load(file)["bf16"]
        families = {}
        for cell, digits in scores["right_of_8"].items():
            family, level = cell.rsplit("-", 1)
            entries = [{"family": family, "level": level, "accuracy": int(d) / 8,
                        "pass8": scoring.pass_at(8, int(d), 8)} for d in digits]
            self.check(scores["levels"][cell], entries)
            if int(level) in benchmarks.MIX[family]:
                families.setdefault(family, []).extend(entries)
        for family, entries in families.items():
            self.check(scores["families"][family], entries)
        self.check(scores["mix"], [e for entries in families.values() for e in entries])

    def check(self, stored, entries):
        self.assertEqual(stored["questions"], len(entries))
        for name in ("accuracy", "pass8"):
            mean, half = scoring.mean_interval(entries, name)
            self.assertAlmostEqual(stored[name], mean, delta=6e-5)
            self.assertAlmostEqual(stored[name + "_half"], half, delta=6e-5)

    def test_shipped_scores_meet_what_was_asked_of_the_model(self):
        """spec of the reference model: 60-85 % over the mix, families 25-97 %, pass@8 8 points above."""
        with open(os.path.join(SHIPPED, "scores.json"), encoding="utf-8") as file:
            scores = json.load(file)["bf16"]
        self.assertTrue(0.60 <= scores["mix"]["accuracy"] <= 0.85)
        self.assertGreaterEqual(scores["mix"]["pass8"] - scores["mix"]["accuracy"], 0.08)
        self.assertEqual(set(scores["families"]), set(corpus.FAMILIES))
        for family, figures in scores["families"].items():
            self.assertTrue(0.25 <= figures["accuracy"] <= 0.97, family)
            self.assertGreaterEqual(figures["questions"], 200)


@unittest.skipIf(torch is None, MISSING)
class Model(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        import model
        import train
        torch.set_num_threads(1)
        torch.manual_seed(0)
        cls.config = train.toy_config()
        cls.parameters = model.initial(cls.config, 1)
        for name, value in cls.parameters.items():
            if "norm" in name:
                value.data.add_(torch.randn_like(value) * 0.1)
        cls.weights = {n: v.detach().bfloat16() for n, v in cls.parameters.items()}
        rng = random.Random(5)
        rows = torch.tensor([[rng.randrange(2037) for _ in range(256)] for _ in range(2)])
        rows[:, 0] |= 1 << 13
        rows[:, 100] |= 1 << 13
        cls.rows = rows.int()

    def test_chunked_rule_is_the_recurrence(self):
        import train
        self.assertLess(train.check_kernels("torch", self.config, "cpu"), 1e-5)

    def test_a_few_steps_learn_a_batch(self):
        import model
        from optimizer import Optimizer
        parameters = model.initial(self.config, 2)
        network, optimizer = model.Network(self.config, length=256), Optimizer(parameters)
        losses = []
        for _ in range(8):
            loss, mtp_loss, _, _ = network.loss(parameters, self.rows)
            losses.append(float((loss + mtp_loss).detach()))
            (loss + 0.2 * mtp_loss).backward()
            optimizer.step(6e-3, 3e-3)
        self.assertLess(losses[-1], losses[0] - 1)

    def test_decoder_gives_the_networks_logits_and_drafts(self):
        import decoder
        import model
        weights = {n: v.float() for n, v in self.weights.items()}
        tokens = (self.rows & 0x7FF).long()[:, :64]
        first = torch.zeros_like(tokens, dtype=torch.bool)
        first[:, 0] = True
        segment = first.cumsum(1)
        network = model.Network(self.config, length=64)
        with torch.no_grad():
            mask = network.mask(segment)
            hidden = network.hidden(weights, tokens, segment, first, mask)
            following = torch.nn.functional.pad(tokens[:, 1:], (0, 1))
            draft = network.draft_hidden(weights, hidden, following, segment, first, mask)
            want = hidden @ weights["lm_head.weight"].T
            drafts = (draft @ weights["lm_head.weight"].T).argmax(-1)
            dec = decoder.Decoder(self.config, self.weights, {}, 2, 64, dtype=torch.float32)
            for t in range(64):
                logits, drafted = dec.step(tokens[:, t], torch.full((2,), t))
                self.assertLess(float((logits - want[:, t]).norm() / want[:, t].norm()), 1e-4)
                if t:
                    self.assertEqual(drafted.tolist(), drafts[:, t - 1].tolist())

    def test_imprint_keeps_every_bit_of_the_function_and_can_be_undone(self):
        import check
        import imprint
        shipped, scales = imprint.imprint(self.weights, self.rows, "cpu")
        twin = imprint.undo(shipped, json.loads(json.dumps(scales)))
        self.assertEqual(imprint.digest(twin), scales["twin_sha256"])
        self.assertNotEqual(imprint.digest(shipped), scales["twin_sha256"])
        check.check_same_function(shipped, twin)
        after = [pair[1] for pair in scales["largest_over_median"].values()]
        self.assertGreater(sorted(after)[len(after) // 2], 20)

    def test_every_recipe_rounds_and_samples(self):
        import decoder
        import quantize
        w = torch.randn(128, 256).bfloat16()
        for recipe, (rounding, _, _) in quantize.RECIPES.items():
            if rounding:
                error = float((rounding(w) - w).float().norm() / w.float().norm())
                self.assertLess(error, 0.12, recipe)
                self.assertGreater(error, 0.01, recipe)
        weights, rounding = quantize.quantized(self.weights, "nvfp4")
        dec = decoder.Decoder(self.config, weights, rounding, 2, 40, dtype=torch.float32)
        texts, accepted, drafted = decoder.generate(dec, [[1, 2, 3]] * 3, stop=2039)
        self.assertEqual(len(texts), 3)
        self.assertTrue(all(a <= d for a, d in zip(accepted, drafted)))

    def test_export_writes_the_published_layout(self):
        import export
        tokenizer = os.path.join(SHIPPED, "tokenizer.json")
        with tempfile.TemporaryDirectory() as folder:
            export.export(self.weights, tokenizer, folder)
            names = set(safetensors.torch.load_file(f"{folder}/model.safetensors"))
            with open(f"{folder}/config.json", encoding="utf-8") as file:
                config = json.load(file)
        self.assertEqual(sum(n.startswith("mtp.") for n in names), 15)
        self.assertTrue(all(n.startswith(("mtp.", "model.language_model.", "lm_head.")) for n in names))
        self.assertEqual(config["text_config"]["layer_types"][3], "full_attention")

    def test_export_writes_the_shipped_files(self):
        import export
        import model
        tokenizer = os.path.join(SHIPPED, "tokenizer.json")
        files = {name: json.dumps(content, indent=2) + "\n" for name, content in
                 export.configs(model.Config(), export.special_ids(tokenizer)).items()}
        files["chat_template.jinja"] = export.CHAT_TEMPLATE
        for name, content in files.items():
            with open(os.path.join(SHIPPED, name), encoding="utf-8") as file:
                self.assertEqual(file.read(), content, name)

    def test_toy_rebuild(self):
        """rebuild.sh as a whole, at toy size on the CPU (it checks the twin itself)."""
        script = os.path.join(ROOT, "tools", "reference_model", "rebuild.sh")
        path = os.path.dirname(sys.executable) + os.pathsep + os.environ["PATH"]
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run(["sh", script, "--toy", folder], capture_output=True, text=True,
                                  env=os.environ | {"PATH": path, "TMPDIR": folder,
                                                    "OMP_NUM_THREADS": "1"})
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

            def read(name):
                with open(os.path.join(folder, name), encoding="utf-8") as file:
                    return json.load(file)
            with open(os.path.join(BENCHMARKS, "manifest.json"), encoding="utf-8") as file:
                self.assertEqual(read("benchmarks/manifest.json"), json.load(file))
            summary, scores = read("training.json")["summary"], read("scores.json")
            exported = set(os.listdir(os.path.join(folder, "model")))
        self.assertGreaterEqual(summary["steps"], 2)            # one of short rows, one of long ones
        self.assertEqual(summary["repeated_shards"], 0)
        self.assertEqual(exported, set(os.listdir(SHIPPED)) - {"README.md", "scores.json"})
        self.assertEqual(scores["bf16"]["mix"]["questions"], 10)
        self.assertEqual(scores["bf16"]["divergence"]["kl"], 0)
        self.assertGreater(scores["nvfp4"]["divergence"]["kl"], 0)

    def test_rows_carry_the_flags(self):
        import data
        path = os.path.join(SHIPPED, "tokenizer.json")
        tokenizer = tokenizers.Tokenizer.from_file(path)
        pieces = [("<|im_start|>user\nx<|im_end|>\n", 2), ("3+4=", 0), ("8", 1), (" no 7", 0)]
        row, = data.encode(tokenizer, [pieces])
        words = [tokenizer.decode([int(t & data.TOKEN)]) for t in row]
        self.assertTrue(row[0] & data.FIRST and row[0] & data.PROMPT)
        marked = [w for w, t in zip(words, row) if t & data.NO_LOSS]
        self.assertEqual(marked, ["8"])
        rows, left = data.pack(random.Random(0), [row] * 9, 64, 2037, keep=0)
        self.assertEqual(sum((r & data.FIRST > 0).sum() for r in numpy.stack(rows)) + len(left), 9)


if __name__ == "__main__":
    unittest.main()
