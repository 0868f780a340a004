"""Data on disk: the tokenizer, the text and levanter's description of both.

Everything lies under `<prefix>/tokenized/<data set>-<key>/`. The key is a hash of tokenizer and data, because
levanter, which keeps the tokenized text beside them, reuses what it finds there and only warns when it was made with
another tokenizer.
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from training import byte_tokenizer, corpus
from training.datasets import SYNTHETIC, Dataset
from training.errors import UsageError
from training.files import write_atomically

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from levanter.data.text.datasets import LmDataConfig

# Sequences read at a time when counting.
_COUNT_BATCH = 256


@dataclass(frozen=True)
class PreparedData:
    """A data set whose files are in place."""

    directory: Path
    tokenizer_directory: Path
    tokenizer_hash: str
    data_hash: str
    config: LmDataConfig


@dataclass(frozen=True)
class EvaluationSize:
    """How much text an evaluation scores.

    `tokens` is the sum of the loss weights, `bytes` that of the weighted target tokens' lengths in UTF-8.
    """

    tokens: int
    bytes: int


def prepare(dataset: Dataset, prefix: Path) -> PreparedData:
    """Write what a data set needs under the prefix, unless it is there already, and describe it to levanter.

    Raises:
        UsageError: Training on this data set is not possible.
        OSError: The prefix cannot be written.
    """
    if dataset is not SYNTHETIC:
        raise UsageError(
            f"SpeedrunConfig.tokenized_dataset: expected {SYNTHETIC.name!r}, the only data set that can be trained on "
            f"so far, got {dataset.name!r}; its dry run works"
        )
    return _prepare_synthetic(prefix)


def _prepare_synthetic(prefix: Path) -> PreparedData:
    from levanter.data.text.datasets import DatasetComponent, LmDataConfig, UrlDatasetSourceConfig

    tokenizer_hash, data_hash = byte_tokenizer.tokenizer_hash(), corpus.data_hash()
    key = hashlib.sha256(f"{tokenizer_hash} {data_hash}".encode()).hexdigest()[:8]
    directory = prefix / "tokenized" / f"{corpus.NAME.replace('/', '-')}-{key}"
    tokenizer_directory = directory / "tokenizer"
    for name, text in byte_tokenizer.files().items():
        _write_if_different(tokenizer_directory / name, text)
    splits = {"train": corpus.train_documents(), "validation": corpus.validation_documents()}
    paths = {split: directory / "text" / f"{split}.jsonl" for split in splits}
    for split, documents in splits.items():
        _write_if_different(paths[split], _json_lines(documents))
    source = UrlDatasetSourceConfig(train_urls=[str(paths["train"])], validation_urls=[str(paths["validation"])])
    config = LmDataConfig(
        tokenizer=str(tokenizer_directory),
        cache_dir=str(directory / "tokens"),
        components={corpus.EVALUATION_SET: DatasetComponent(source=source)},
        # The corpus is small enough for a true permutation; levanter's default shuffles blocks of long data sets.
        shuffle=True,
    )
    return PreparedData(directory, tokenizer_directory, tokenizer_hash, data_hash, config)


def evaluation_size(config: LmDataConfig, name: str, seq_len: int, max_sequences: int | None) -> EvaluationSize:
    """Count what levanter's evaluation of one validation set scores, on the very sequences that it reads.

    Follows `levanter.eval`: position t predicts token t + 1 with weight `loss_weight[t]`. So
    `bpb = loss / ln 2 * tokens / bytes`; levanter weights the bits per byte of each batch by tokens instead
    of bytes, so its own figure satisfies this exactly only when the evaluation is one batch.

    Args:
        config: Description of the data.
        name: Name of the validation set.
        seq_len: Tokens in a sequence.
        max_sequences: Number of sequences that are evaluated, or None for all.
    """
    import numpy as np
    from haliax import Axis
    from levanter.utils.hf_utils import byte_length_of_token

    tokenizer = config.the_tokenizer
    lengths = np.array([byte_length_of_token(tokenizer, token) for token in range(len(tokenizer))], dtype=np.int64)
    dataset = config.validation_sets(Axis("position", seq_len))[name]
    if max_sequences is not None:
        dataset = dataset.take(max_sequences)
    sequences = dataset.as_sync_dataset()
    tokens = size = 0.0
    for start in range(0, len(sequences), _COUNT_BATCH):
        for example in sequences.get_batch(range(start, min(start + _COUNT_BATCH, len(sequences)))):
            weights = np.asarray(example.loss_weight.array, dtype=np.float64)
            targets = np.roll(np.asarray(example.tokens.array), -1)
            tokens += math.fsum(weights)
            size += math.fsum(weights * lengths[targets])
    return EvaluationSize(tokens=round(tokens), bytes=round(size))


def _json_lines(documents: Iterable[str]) -> str:
    return "".join(json.dumps({"text": document}) + "\n" for document in documents)


def _write_if_different(path: Path, text: str) -> None:
    try:
        if path.read_text(encoding="utf-8") == text:
            return
    except (FileNotFoundError, UnicodeDecodeError):
        pass
    write_atomically(path, text)
