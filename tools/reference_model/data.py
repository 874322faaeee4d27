"""Training rows: documents generated, tokenized and packed by worker processes beside the GPU.

A row is uint16: token in the low 11 bits, then FIRST (a document starts), PROMPT (a tenth of the
loss) and NO_LOSS (injected errors, padding). Shards are .npy files of rows of one length.
"""
import bisect
import glob
import multiprocessing
import os
import random
import time

import numpy

import corpus

TOKEN = 0x7FF
FIRST, PROMPT, NO_LOSS = 1 << 13, 1 << 14, 1 << 15
SHORT, LONG = 2048, 8192             # row lengths; a document longer than its row is dropped
ROWS_TOKENS = 1 << 19                # tokens of one shard


def encode(tokenizer, documents):
    """Pieces (text, flag) -> uint16 arrays with flag bits."""
    texts = ["".join(t for t, _ in pieces) for pieces in documents]
    encoded = []
    for pieces, tokens in zip(documents, tokenizer.encode_batch(texts, add_special_tokens=False)):
        row = numpy.array(tokens.ids, dtype=numpy.uint16)
        ends = numpy.cumsum([len(t) for t, _ in pieces])
        starts = numpy.array([o[0] for o in tokens.offsets])
        piece = numpy.searchsorted(ends, starts, side="right")
        flags = numpy.array([f for _, f in pieces])[numpy.minimum(piece, len(pieces) - 1)]
        row[flags == 1] |= NO_LOSS
        row[flags == 2] |= PROMPT
        row[0] |= FIRST
        encoded.append(row)
    return encoded


def pack(rng, documents, length, pad, keep=100):
    """Rows of several whole documents: random ones first, then the best fit. Returns rows, leftovers."""
    documents = sorted((d for d in documents if len(d) <= length), key=len)
    sizes = [len(d) for d in documents]
    rows = []
    while len(documents) > keep:
        at = rng.randrange(len(documents))
        row, left = [documents.pop(at)], length - sizes.pop(at)
        while left > 0:
            fits = bisect.bisect_right(sizes, left)
            if fits == 0:
                break
            at = rng.randrange(fits) if left > 600 else fits - 1
            row.append(documents.pop(at))
            left -= sizes.pop(at)
        rows.append(numpy.concatenate(row + [numpy.full(left, pad | NO_LOSS, dtype=numpy.uint16)]))
    return rows, documents


def worker(seed, tokenizer_file, folder, length, shards, shard_tokens=ROWS_TOKENS):
    """Writes shards `rows<length>-<number>-<seed>.npy` into the folder."""
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    os.nice(10)
    from tokenizers import Tokenizer
    tokenizer = Tokenizer.from_file(tokenizer_file)
    pad = tokenizer.token_to_id("<|endoftext|>")
    rng = random.Random(seed)
    rows, left = [], []
    for number in range(shards):
        while len(rows) * length < shard_tokens:
            if length == LONG:
                drawn = [corpus.long_document(rng) for _ in range(60)]
                drawn += [corpus.training_document(rng) for _ in range(60)]
            else:
                drawn = [corpus.training_document(rng) for _ in range(500)]
            more, left = pack(rng, left + encode(tokenizer, drawn), length, pad,
                              40 if length == LONG else 150)
            rows += more
        rng.shuffle(rows)
        count = shard_tokens // length
        name = f"{folder}/rows{length}-{number:05d}-{seed}.npy"
        numpy.save(name + ".part.npy", numpy.stack(rows[:count]))
        os.rename(name + ".part.npy", name)
        rows = rows[count:]


def start_workers(tokenizer_file, folder, count, seed, shard_tokens=ROWS_TOKENS):
    """About one worker in eight makes long rows. Returns the processes (ended by the caller)."""
    os.makedirs(folder, exist_ok=True)
    context = multiprocessing.get_context("spawn")
    processes = []
    for i in range(count):
        length = LONG if i % 7 == 0 else SHORT
        processes.append(context.Process(
            target=worker, daemon=True,
            args=(seed * 1000 + i, tokenizer_file, folder, length, 100000, shard_tokens)))
        processes[-1].start()
    return processes


class Rows:
    """Batches of rows of one length, in the order in which the shards appear; never repeated
    unless the workers cannot follow (`repeats` counts)."""

    def __init__(self, folder, length, batch_rows, device):
        self.pattern = f"{folder}/rows{length}-?????-*.npy"
        self.rows, self.device = batch_rows, device
        self.used, self.current, self.at, self.repeats = [], None, 0, 0

    def load(self, wait_s):
        import torch
        until = time.time() + wait_s
        while True:
            fresh = sorted(set(f for f in glob.glob(self.pattern) if ".part" not in f)
                           - set(self.used))
            if fresh:
                name = fresh[0]
                self.used.append(name)
                break
            if time.time() > until:
                if not self.used:
                    raise SystemExit(f"no {self.pattern} after {wait_s} s: two workers or more must run")
                self.repeats += 1
                name = self.used[self.repeats % len(self.used)]
                break
            time.sleep(0.02)
        array = torch.from_numpy(numpy.load(name).astype(numpy.int32))
        if self.device != "cpu":
            array = array.pin_memory().to(self.device, non_blocking=True)
        return array

    def next(self, wait_s=0.5):
        import torch
        while self.current is None or self.at + self.rows > len(self.current):
            rest = None if self.current is None else self.current[self.at:]
            new = self.load(wait_s)
            self.current = new if rest is None or not len(rest) else torch.cat([rest, new])
            self.at = 0
        self.at += self.rows
        return self.current[self.at - self.rows:self.at]
