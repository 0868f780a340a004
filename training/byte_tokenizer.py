"""The tokenizer of the synthetic corpus: one token for each byte, and one for the end of a text.

Bytes are written `<0x00>` to `<0xFF>`, the notation of byte fallback: levanter's bits per byte count each such token as
one byte, exactly, where they have to guess for the byte fragments of other tokenizers.

The files are written here in full rather than by the `tokenizers` library, so that their hash does not depend
on its version and can be known without it.
"""

import functools
import hashlib
import json
from typing import Any

END_OF_TEXT = "<|endoftext|>"
"""Follows every document; counts as zero bytes."""

TOKENS: tuple[str, ...] = (*(f"<0x{byte:02X}>" for byte in range(256)), END_OF_TEXT)
"""All tokens; the position is the token's id, which for a byte is its value. Shape: 257."""


@functools.cache
def files() -> dict[str, str]:
    """Return the tokenizer's files by name, as a directory that `tokenizers` and levanter can load."""
    end_of_text = {
        "content": END_OF_TEXT,
        "lstrip": False,
        "normalized": False,
        "rstrip": False,
        "single_word": False,
        "special": True,
    }
    end_id = TOKENS.index(END_OF_TEXT)
    tokenizer: dict[str, Any] = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [{"id": end_id, **end_of_text}],
        "normalizer": None,
        "pre_tokenizer": None,
        "post_processor": None,
        "decoder": {"type": "Sequence", "decoders": [{"type": "ByteFallback"}, {"type": "Fuse"}]},
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": False,
            "byte_fallback": True,
            "ignore_merges": False,
            "vocab": {token: position for position, token in enumerate(TOKENS)},
            "merges": [],
        },
    }
    config = {
        "added_tokens_decoder": {str(end_id): end_of_text},
        "eos_token": END_OF_TEXT,
        "tokenizer_class": "PreTrainedTokenizerFast",
    }
    return {
        "tokenizer.json": json.dumps(tokenizer, indent=1) + "\n",
        "tokenizer_config.json": json.dumps(config, indent=1) + "\n",
    }


@functools.cache
def tokenizer_hash() -> str:
    """Return `sha256:<hex>` of `tokenizer.json`."""
    return f"sha256:{hashlib.sha256(files()['tokenizer.json'].encode()).hexdigest()}"
