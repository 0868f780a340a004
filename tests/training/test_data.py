"""The tokenizer, the files under the prefix, and the size of an evaluation."""

import hashlib
import json

import numpy as np
import pytest
from levanter.tokenizers import load_tokenizer
from levanter.utils.hf_utils import byte_length_of_token
from tokenizers import Tokenizer

from training import byte_tokenizer, corpus
from training.data import evaluation_size, prepare
from training.datasets import FINEWEB_EDU_10B, SYNTHETIC
from training.errors import UsageError

TEXTS = ["", "plain", "héllo ☃ 𝄞\n\t\0\x7f", "<0x41>", corpus.validation_documents()[0]]


@pytest.fixture(scope="session")
def data(whole_run, prefix):
    """The data that the tiny run was trained on."""
    return prepare(SYNTHETIC, prefix)


@pytest.fixture(scope="session")
def tokenizer(data):
    return load_tokenizer(str(data.tokenizer_directory))


@pytest.mark.parametrize("text", TEXTS)
def test_tokens_are_bytes(tokenizer, text):
    ids = tokenizer.encode(text)

    assert list(text.encode()) == ids
    assert text == tokenizer.decode(ids)


@pytest.mark.parametrize("text", TEXTS)
def test_byte_lengths_add_up_to_the_text(tokenizer, text):
    assert len(text.encode()) == sum(byte_length_of_token(tokenizer, token) for token in tokenizer.encode(text))


def test_every_byte_is_one_token_and_the_end_of_text_none(tokenizer):
    assert SYNTHETIC.vocab_size == len(tokenizer) == len(byte_tokenizer.TOKENS)
    assert [1] * 256 + [0] == [byte_length_of_token(tokenizer, token) for token in range(257)]
    assert 256 == tokenizer.eos_token_id
    assert tokenizer.bos_token_id is None


def test_tokenizer_is_what_the_library_builds(tokenizer):
    """The file is written without the library, but is no other than the library's own."""
    from tokenizers import AddedToken, decoders, models

    built = Tokenizer(
        models.BPE(vocab={t: i for i, t in enumerate(byte_tokenizer.TOKENS)}, merges=[], byte_fallback=True)
    )
    built.decoder = decoders.Sequence([decoders.ByteFallback(), decoders.Fuse()])
    built.add_special_tokens([AddedToken(byte_tokenizer.END_OF_TEXT, special=True, normalized=False)])

    assert json.loads(built.to_str()) == json.loads(byte_tokenizer.files()["tokenizer.json"])


def test_hash_is_that_of_the_file(data):
    content = (data.tokenizer_directory / "tokenizer.json").read_bytes()

    assert f"sha256:{hashlib.sha256(content).hexdigest()}" == data.tokenizer_hash == byte_tokenizer.tokenizer_hash()


def test_text_files_hold_the_corpus(data):
    for split, documents in (("train", corpus.train_documents()), ("validation", corpus.validation_documents())):
        lines = (data.directory / "text" / f"{split}.jsonl").read_text().splitlines()
        assert list(documents) == [json.loads(line)["text"] for line in lines]


def test_directory_is_keyed_by_tokenizer_and_data(data, prefix, monkeypatch):
    other = "sha256:" + "0" * 64
    monkeypatch.setattr("training.byte_tokenizer.tokenizer_hash", lambda: other)
    first = prepare(SYNTHETIC, prefix).directory
    monkeypatch.undo()
    monkeypatch.setattr("training.corpus.data_hash", lambda: other)
    second = prepare(SYNTHETIC, prefix).directory

    assert 3 == len({data.directory, first, second})


def test_preparing_again_writes_nothing_but_repairs(data, prefix):
    files = {path: path.stat().st_mtime_ns for path in data.directory.rglob("*") if path.is_file()}
    damaged = data.directory / "text" / "validation.jsonl"
    assert data.directory == prepare(SYNTHETIC, prefix).directory
    assert files == {path: path.stat().st_mtime_ns for path in data.directory.rglob("*") if path.is_file()}

    whole = damaged.read_text()
    damaged.write_text(whole[:100])
    prepare(SYNTHETIC, prefix)
    assert whole == damaged.read_text()


def validation_tokens():
    return np.concatenate([[*text.encode(), 256] for text in corpus.validation_documents()])


@pytest.mark.parametrize(("seq_len", "max_sequences"), [(64, 32), (64, None), (256, None), (256, 7)])
def test_size_of_an_evaluation(data, seq_len, max_sequences):
    """Counted independently: whole windows of the joined documents, of which the first token is not predicted."""
    tokens = validation_tokens()
    count = len(tokens) // seq_len
    if max_sequences is not None:
        count = min(count, max_sequences)
    targets = tokens[: count * seq_len].reshape(count, seq_len)[:, 1:]

    size = evaluation_size(data.config, SYNTHETIC.evaluation_set, seq_len, max_sequences)

    assert targets.size == size.tokens
    assert int((targets != 256).sum()) == size.bytes


def test_other_data_cannot_be_trained_on_yet(tmp_path):
    with pytest.raises(UsageError, match="fineweb-edu-10B"):
        prepare(FINEWEB_EDU_10B, tmp_path)
    assert [] == list(tmp_path.iterdir())
