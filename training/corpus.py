"""The built-in synthetic corpus: text from a small stochastic source whose entropy is known exactly.

It lets the whole chain (training, evaluation, results, checking) run offline in about a minute, and it is a
measuring instrument: nobody can predict the text with fewer bits per byte than `entropy_bits_per_byte()`,
so an evaluation that reports fewer is wrong.

The source is a first-order Markov chain over 36 invented words: 12 of three letters, 12 of five and 12 of
seven. Each word has nine possible successors: 1 short, 4 medium and 4 long ones. With the space that
follows, a word takes 4, 6 or 8 bytes, and its probability is 2**-(bytes / 2):

    1 * 2**-2 + 4 * 2**-3 + 4 * 2**-4 = 1

So every transition costs exactly half a bit per byte. That makes the bound hard rather than
statistical: not only the average document but every single one costs the source itself at least
`entropy_bits_per_byte()` times its length (`document_bits`), because the first word of a document costs
more than a transition and its last word is not followed by a space.

Only the standard library is used, and only `random.Random.random`, whose sequence for a given integer seed Python
keeps stable across versions and platforms.
"""

import functools
import hashlib
import itertools
import math
import random
from collections.abc import Iterable, Mapping, Sequence

NAME = "synthetic/markov-words-v1"
"""Name of the data set, as it appears in results files. Changed data need another name."""

EVALUATION_SET = "synthetic"
"""Name under which the validation documents are evaluated: `eval/synthetic/bpb`."""

SEPARATOR = " "

# No word contains the separator and all differ, so a document can be cut into its words in one way only.
_SHORT = ("bal", "dor", "fen", "gim", "hul", "kav", "lem", "nop", "ros", "tiv", "wug", "zar")
_MEDIUM = (
    "bonel", "curit", "dalop", "fesun", "gomar", "jivek", "kuted", "lorag", "menif", "palus", "sitor", "vokan",
)  # fmt: skip
_LONG = (
    "berinol", "cadumep", "dovatis", "farolun", "gesimok", "hutaver", "jolibar", "kenodas", "mirufel", "nalopit",
    "sovagun", "tedirom",
)  # fmt: skip
WORDS: tuple[str, ...] = _SHORT + _MEDIUM + _LONG
"""All words, shortest first. Shape: 36."""

_PER_CLASS = 12
_SLOTS = 16
_START_SLOTS = 48

_TRAIN_SEED = 20250501
_VALIDATION_SEED = 20250502
_TRAIN_DOCUMENTS = 1000
_VALIDATION_DOCUMENTS = 16
_MIN_WORDS, _MAX_WORDS = 300, 500


def _word(size_class: int, index: int) -> int:
    """Return the position in `WORDS` of a word given its class (0 short, 1 medium, 2 long) and any integer."""
    return size_class * _PER_CLASS + index % _PER_CLASS


@functools.cache
def successors() -> tuple[tuple[int, ...], ...]:
    """Return, for each word, the 16 equally likely slots from which the next word is drawn.

    A short successor fills 4 slots, a medium one 2, a long one 1, so that probabilities are exact in binary.
    Shape: 36 rows of 16 positions in `WORDS`. The multipliers 5, 7 and 11 have no factor in common with 12,
    so within a class every word is reached equally often; that is why `_START` is the stationary distribution.
    """
    rows = []
    for current in range(len(WORDS)):
        size_class, index = divmod(current, _PER_CLASS)
        short = [_word(0, 5 * index + size_class + 3)] * 4
        medium = [_word(1, 7 * index + 2 * size_class + shift) for shift in (0, 1, 4, 6)]
        long = [_word(2, 11 * index + 5 * size_class + shift) for shift in (2, 3, 7, 10)]
        rows.append((*short, *itertools.chain.from_iterable((m, m) for m in medium), *long))
    return tuple(rows)


_START: tuple[int, ...] = tuple(
    itertools.chain(range(12), itertools.chain.from_iterable((m, m) for m in range(12, 24)), range(24, 36))
)
"""The 48 equally likely slots from which the first word of a document is drawn."""


def transition_matrix() -> list[list[float]]:
    """Return the probabilities of the next word given the current one. Shape: 36 by 36, rows sum to 1."""
    matrix = [[0.0] * len(WORDS) for _ in WORDS]
    for row, slots in zip(matrix, successors(), strict=True):
        for word in slots:
            row[word] += 1 / _SLOTS
    return matrix


def stationary_distribution(matrix: Sequence[Sequence[float]]) -> list[float]:
    """Return the long-run share of each word in the chain with this transition matrix, by power iteration.

    Args:
        matrix: Transition probabilities of an irreducible aperiodic chain, shape n by n, rows summing to 1.

    Raises:
        ArithmeticError: The iteration did not settle, so the chain is not of that kind.
    """
    size = len(matrix)
    share = [1 / size] * size
    for _ in range(10_000):
        following = [math.fsum(share[i] * matrix[i][j] for i in range(size)) for j in range(size)]
        if max(abs(a - b) for a, b in zip(share, following, strict=True)) < 1e-15:
            return following
        share = following
    raise ArithmeticError("the stationary distribution did not converge: the chain is reducible or periodic")


@functools.cache
def entropy_bits_per_byte() -> float:
    """Return the entropy rate of the source in bits per byte of text, computed from its transition matrix.

    With p the stationary distribution, P the transition matrix and b the bytes of a word including the space
    that follows it, the chain produces

        H = - sum_i p_i sum_j P_ij log2 P_ij     bits per word  and
        B =   sum_i p_i b_i                      bytes per word.

    Words and text determine each other (see `WORDS`), so the text carries H bits in B bytes, and by the
    source coding theorem no predictor needs fewer than H / B bits per byte on average.
    """
    matrix = transition_matrix()
    share = stationary_distribution(matrix)
    bits = -math.fsum(
        weight * p * math.log2(p) for weight, row in zip(share, matrix, strict=True) for p in row if p > 0
    )
    size = math.fsum(weight * len((word + SEPARATOR).encode()) for weight, word in zip(share, WORDS, strict=True))
    return bits / size


def document_bits(document: str) -> float:
    """Return -log2 of the probability that the source gives to a document's words.

    The length of the document is taken as known, so this is a lower bound of what a predictor can reach.

    Raises:
        ValueError: The source cannot produce this text.
    """
    position: Mapping[str, int] = {word: i for i, word in enumerate(WORDS)}
    bits = 0.0
    slots: Sequence[int] = _START
    for text in document.split(SEPARATOR):
        word = position.get(text, -1)
        count = slots.count(word)
        if count == 0:
            raise ValueError(f"the source cannot produce {text!r} here: not one of its words, or not a successor")
        bits -= math.log2(count / len(slots))
        slots = successors()[word]
    return bits


def _documents(seed: int, count: int) -> list[str]:
    """Return `count` documents of 300 to 500 words (about 2.4 kB each) for a seed."""
    draw = random.Random(seed).random  # noqa: S311  reproducible text, nothing secret
    table = successors()
    documents = []
    for _ in range(count):
        word = _START[int(draw() * _START_SLOTS)]
        words = [word]
        for _ in range(_MIN_WORDS + int(draw() * (_MAX_WORDS - _MIN_WORDS + 1)) - 1):
            word = table[word][int(draw() * _SLOTS)]
            words.append(word)
        documents.append(SEPARATOR.join(WORDS[word] for word in words))
    return documents


@functools.cache
def train_documents() -> tuple[str, ...]:
    """Return the training documents: 1000, about 2.4 MB of ASCII text."""
    return tuple(_documents(_TRAIN_SEED, _TRAIN_DOCUMENTS))


@functools.cache
def validation_documents() -> tuple[str, ...]:
    """Return the validation documents: 16, about 38 kB, drawn with another seed than the training documents."""
    return tuple(_documents(_VALIDATION_SEED, _VALIDATION_DOCUMENTS))


def documents_hash(splits: Mapping[str, Iterable[str]]) -> str:
    """Return `sha256:<hex>` over the names and documents of all splits, in order.

    Every string goes in with its length in front, so that no two different corpora give the same bytes.
    """
    digest = hashlib.sha256()
    for name, documents in splits.items():
        for text in (name, *documents):
            data = text.encode()
            digest.update(len(data).to_bytes(8, "big"))
            digest.update(data)
        digest.update(b"\xff" * 8)
    return f"sha256:{digest.hexdigest()}"


@functools.cache
def data_hash() -> str:
    """Return `sha256:<hex>` of the whole corpus."""
    return documents_hash({"train": train_documents(), "validation": validation_documents()})
