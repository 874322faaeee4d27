"""The statistics of results.json, written a second time from their definitions: fractions where counts decide, else double
precision in the order that src/statistics states (sums run over questions from the first to the last; never sum(), which
newer Pythons compensate)."""
import math
from fractions import Fraction
from functools import lru_cache

CONFIDENCE = 0.95
FEW = 5  # questions that differ: below it intervals of Student's t degenerate


def total(values):
    result = 0.0
    for v in values:
        result += v
    return result


def mean(values):
    return total(values) / len(values)


def deviation(values):
    if len(values) < 2:
        return 0.0
    middle = mean(values)
    return math.sqrt(total((v - middle) * (v - middle) for v in values) / (len(values) - 1))


# Distributions.

def root(f, low, high):
    """Of a rising function, by halving."""
    for _ in range(200):
        if not high - low > 1e-16 * abs(low + high):
            break
        middle = low + (high - low) / 2
        if f(middle) < 0:
            low = middle
        else:
            high = middle
    return low + (high - low) / 2


def normal_cdf(z):
    return 0.5 * math.erfc(-z / math.sqrt(2.0))


@lru_cache(None)
def normal_quantile(p):
    if p > 0.5:
        return -normal_quantile(1 - p)
    return root(lambda z: normal_cdf(z) - p, -40.0, 0.0)


def log_gamma(x):
    """Stirling's series from 16 on; below it Gamma(x + 1) = x Gamma(x)."""
    product = 1.0
    while x < 16:
        product *= x
        x += 1
    r = 1 / (x * x)
    series = 691.0 / 360360 - r * (1.0 / 156)
    for term in (1.0 / 1188, 1.0 / 1680, 1.0 / 1260, 1.0 / 360, 1.0 / 12):
        series = term - r * series
    return (x - 0.5) * math.log(x) - x + 0.9189385332046727 + series / x - math.log(product)


def beta_fraction(a, b, x):
    """The continued fraction of DLMF 8.17.22, by Lentz."""
    def kept(v):
        return 1e-300 if abs(v) < 1e-300 else v
    c = 1.0
    d = 1 / kept(1 - (a + b) * x / (a + 1))
    fraction = d
    for m in range(1, 10000):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        d = 1 / kept(1 + even * d)
        c = kept(1 + even / c)
        fraction *= d * c
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        d = 1 / kept(1 + odd * d)
        c = kept(1 + odd / c)
        step = d * c
        fraction *= step
        if abs(step - 1) < 1e-16:
            break
    return fraction


def incomplete_beta(a, b, x):
    if x in (0, 1):
        return float(x)
    front = math.exp(log_gamma(a + b) - log_gamma(a) - log_gamma(b) + a * math.log(x) + b * math.log1p(-x))
    if x < (a + 1) / (a + b + 2):
        return front * beta_fraction(a, b, x) / a
    return 1 - front * beta_fraction(b, a, 1 - x) / b


def beta_quantile(a, b, p):
    return root(lambda x: incomplete_beta(a, b, x) - p, 0.0, 1.0)


def t_cdf(t, degrees):
    tail = 0.5 * incomplete_beta(degrees / 2, 0.5, degrees / (degrees + t * t))
    return 1 - tail if t > 0 else tail


@lru_cache(None)
def t_quantile(p, degrees):
    if p > 0.5:
        return -t_quantile(1 - p, degrees)
    if p == 0.5:
        return 0.0
    low = -1.0
    while t_cdf(low, degrees) > p:
        low *= 2
    return root(lambda t: t_cdf(t, degrees) - p, low, 0.0)


# Random numbers: Philox4x32-10 of (seed, counter).

def philox(seed, counter):
    x0, x1, x2, x3 = counter & 0xFFFFFFFF, counter >> 32 & 0xFFFFFFFF, 0, 0
    k0, k1 = seed & 0xFFFFFFFF, seed >> 32
    for _ in range(10):
        p0, p1 = 0xD2511F53 * x0, 0xCD9E8D57 * x2
        x0, x1, x2, x3 = p1 >> 32 ^ x1 ^ k0, p1 & 0xFFFFFFFF, p0 >> 32 ^ x3 ^ k1, p0 & 0xFFFFFFFF
        k0, k1 = k0 + 0x9E3779B9 & 0xFFFFFFFF, k1 + 0xBB67AE85 & 0xFFFFFFFF
    return x0, x1, x2, x3


@lru_cache(None)
def resamples(n, seed, draws):
    """The lists of question numbers that all bootstraps over n questions share."""
    lists = []
    for draw in range(draws):
        numbers = []
        for i in range(n):
            words = philox(seed, draw * n + i)
            numbers.append(int((words[0] << 32 | words[1]) // 2048 * 2.0 ** -53 * n))
        lists.append(numbers)
    return lists


def bootstrap(n, figure, seed, draws=2000):
    """BCa (Efron 1987): (value, lo, hi)."""
    value = figure(range(n))
    if n == 1:
        return value, value, value
    values = sorted(figure(numbers) for numbers in resamples(n, seed, draws))
    below = float(len([v for v in values if v < value]))
    up_to = float(len([v for v in values if v <= value]))
    share = (below + up_to) / 2 / draws
    if share <= 0 or share >= 1:
        return value, min(value, values[0]), max(value, values[-1])
    left_out = [figure([i for i in range(n) if i != out]) for out in range(n)]
    middle = mean(left_out)
    squares = total((middle - v) * (middle - v) for v in left_out)
    cubes = total((middle - v) * (middle - v) * (middle - v) for v in left_out)
    a = 0.0 if squares == 0 else cubes / (6 * math.pow(squares, 1.5))
    z0 = normal_quantile(share)

    def end(level):
        z = z0 + normal_quantile(level)
        wanted = normal_cdf(z0 + z / (1 - a * z))
        return values[int(min(max(math.ceil(wanted * draws) - 1.0, 0.0), draws - 1.0))]
    return value, end((1 - CONFIDENCE) / 2), end((1 + CONFIDENCE) / 2)


# Counts.

def ratio(numerator, denominator):
    return float(Fraction(numerator, denominator))


def pass_at(K, c, k):
    return 1 - Fraction(math.comb(K - c, k), math.comb(K, k))


def pass_hat(K, c, k):
    return Fraction(math.comb(c, k), math.comb(K, k))


def g_pass_at(K, c, k, tau):
    least = max(math.ceil(tau * k - 1e-9), 1)
    return Fraction(sum(math.comb(c, j) * math.comb(K - c, k - j) for j in range(least, min(c, k) + 1)), math.comb(K, k))


def majority_at(right, others, none, k):
    """Over all choices of k samples: (the vote is right, it shares the first place)."""
    won = shared = Fraction(0)
    for m in range(1, min(right, k) + 1):
        rest = k - m
        ways = {(0, n): math.comb(none, n) for n in range(rest + 1)}  # (rivals with m, samples): choices
        for size in others:
            more = {}
            for (tied, n), count in ways.items():
                for j in range(min(size, m, rest - n) + 1):
                    at = (tied + (j == m), n + j)
                    more[at] = more.get(at, 0) + count * math.comb(size, j)
            ways = more
        for (tied, n), count in ways.items():
            if n == rest:
                here = math.comb(right, m) * count
                won += Fraction(here, 1 + tied)
                shared += here if tied else 0
    choices = math.comb(right + sum(others) + none, k)
    return won / choices, shared / choices


# Intervals.

def clamp(interval, low, high):
    value, lo, hi = interval
    return value, max(low, lo), min(high, hi)


def wilson(successes, trials, level=CONFIDENCE):
    z, n = normal_quantile(0.5 + level / 2), float(trials)
    p, shrink = successes / n, 1 + z * z / n
    middle = (p + z * z / (2 * n)) / shrink
    half = z / shrink * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return p, 0.0 if successes == 0 else middle - half, 1.0 if successes == trials else middle + half


def clopper_pearson(s, n):
    tail = (1 - CONFIDENCE) / 2
    return (0.0 if s == 0 else beta_quantile(float(s), n - s + 1.0, tail),
            1.0 if s == n else beta_quantile(s + 1.0, float(n - s), 1 - tail))


def mean_interval(values):
    middle = mean(values)
    if len(values) < 2:
        return middle, middle, middle
    n = float(len(values))
    half = t_quantile(0.5 + CONFIDENCE / 2, n - 1) * deviation(values) / math.sqrt(n)
    return middle, middle - half, middle + half


def mean_score(scores):
    value, lo, hi = mean_interval(scores)
    if min(len([s for s in scores if s < 1]), len([s for s in scores if s > 0])) < FEW:
        whole = value * len(scores)
        rounded = int(whole) + (1 if whole - int(whole) >= 0.5 else 0)
        _, low, high = wilson(rounded, len(scores))
        lo, hi = min(lo, low), max(hi, high)
    return clamp((value, lo, hi), 0.0, 1.0)


def clustered_error(scores, clusters):
    middle, sums = mean(scores), {}
    for s, c in zip(scores, clusters):
        sums[c] = sums.get(c, 0.0) + (s - middle)
    C = float(len(sums))
    return math.sqrt(C / (C - 1) * total(s * s for s in sums.values())) / len(scores)


def paired_interval(differences):
    value, lo, hi = mean_interval(differences)
    if len([d for d in differences if d != 0]) < FEW:
        n = len(differences)
        largest = max(abs(d) for d in differences)
        up = clopper_pearson(len([d for d in differences if d > 0]), n)
        down = clopper_pearson(len([d for d in differences if d < 0]), n)
        least, middle = min(1.0, 3 / n), mean(differences)
        lo = min(lo, min(largest * (up[0] - down[1]), middle - least))
        hi = max(hi, max(largest * (up[1] - down[0]), middle + least))
    return clamp((value, lo, hi), -1.0, 1.0)


def sign_flip_p(differences, seed):
    d = [v for v in differences if v != 0]
    observed = abs(total(d)) - 1e-12 * len(d)
    if len(d) <= 16:
        as_large = 0
        for signs in range(2 ** len(d)):
            as_large += abs(total(v if signs >> i & 1 else -v for i, v in enumerate(d))) >= observed
        return as_large / 2 ** len(d)
    draws, words, as_large = 100000, (len(d) + 127) // 128, 0
    for draw in range(draws):
        bits = 0
        for w in range(words):
            random = philox(seed, draw * words + w)
            bits |= (random[0] | random[1] << 32 | random[2] << 64 | random[3] << 96) << 128 * w
        flipped = 0.0
        for v in d:
            flipped += v if bits & 1 else -v
            bits >>= 1
        as_large += abs(flipped) >= observed
    return (as_large + 1) / (draws + 1)


def percentile(values, share):
    n = len(values)
    if n == 0 or math.pow(share, n) > 1 - CONFIDENCE:
        return None

    def cdf(k):
        return 0.0 if k < 0 else 1.0 if k >= n else incomplete_beta(float(n - k), k + 1.0, 1 - share)
    tail = (1 - CONFIDENCE) / 2
    low, high = 1, n
    while low + 1 <= n and cdf(low) <= tail:
        low += 1
    while high - 1 >= 1 and 1 - cdf(high - 2) <= tail:
        high -= 1
    rank, ordered = max(1, math.ceil(share * n - 1e-9)), sorted(values)
    return ordered[rank - 1], ordered[min(low, rank) - 1], ordered[max(high, rank) - 1]


def holm(p):
    adjusted, largest = [0.0] * len(p), 0.0
    for place, i in enumerate(sorted(range(len(p)), key=lambda i: p[i])):
        largest = max(largest, min(1.0, p[i] * (len(p) - place)))
        adjusted[i] = largest
    return adjusted


def judge(interval, margin):
    _, lo, hi = interval
    within, below = lo > -margin, hi < 0
    return "worse within margin" if within and below else "lossless" if within else "worse" if below else "undecided"
