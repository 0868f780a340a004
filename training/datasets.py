"""The data sets that a run can name, with what is known of them without opening them."""

from dataclasses import dataclass

from speedrun_ci.flops.formulas import DEFAULT_VOCABULARY
from training import corpus
from training.errors import UsageError


@dataclass(frozen=True)
class Dataset:
    """One tokenized data set and the evaluation that belongs to it.

    `evaluation_set` names the figures of a run: `eval/<evaluation_set>/bpb`. It says which text they are about,
    so figures of the synthetic corpus can never be taken for figures of C4.
    """

    name: str
    vocab_size: int
    evaluation_set: str


FINEWEB_EDU_10B = Dataset(name="fineweb-edu-10B", vocab_size=DEFAULT_VOCABULARY, evaluation_set="paloma/c4_en")
"""The contest's data: 10B tokens of FineWeb-Edu with the tokenizer of Llama 3, evaluated on Paloma's English C4."""

SYNTHETIC = Dataset(name=corpus.NAME, vocab_size=257, evaluation_set=corpus.EVALUATION_SET)
"""The built-in corpus (`training.corpus`), tokenized into 256 bytes and one end-of-text token."""

_DATASETS = {dataset.name: dataset for dataset in (FINEWEB_EDU_10B, SYNTHETIC)}


def find_dataset(name: str) -> Dataset:
    """Return the data set of this name.

    Raises:
        UsageError: There is none.
    """
    found = _DATASETS.get(name)
    if found is None:
        raise UsageError(
            f"SpeedrunConfig.tokenized_dataset: expected one of {', '.join(sorted(_DATASETS))}, got {name!r}"
        )
    return found
