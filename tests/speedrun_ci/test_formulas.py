"""The closed forms: the published anchor, and agreement with what levanter's own models say of themselves."""

import importlib
from typing import Any

import pytest

from speedrun_ci.flops.architecture import Architecture, NotCovered, read_architecture
from speedrun_ci.flops.formulas import DEFAULT_VOCABULARY, flops_per_token, parameters

ANCHOR = {
    "hidden_dim": 512,
    "intermediate_dim": 1792,
    "num_layers": 6,
    "num_heads": 8,
    "num_kv_heads": 8,
    "seq_len": 4096,
}


def architecture(**changes: Any) -> Architecture:
    found = read_architecture({**ANCHOR, **changes})
    assert isinstance(found, Architecture)
    return found


def test_anchor() -> None:
    model = architecture()
    assert 227_868_672 == flops_per_token(model, DEFAULT_VOCABULARY, 4096)
    assert 154_147_328 == parameters(model, DEFAULT_VOCABULARY)
    model_flops = 3 * flops_per_token(model, DEFAULT_VOCABULARY, 4096) * 128 * 5880 * 4096
    assert "2.11e+18" == f"{model_flops:.2e}"
    assert ("4.21e+18", "1.05e+19") == (f"{model_flops / 0.5:.2e}", f"{model_flops / 0.2:.2e}")


@pytest.mark.parametrize(
    ("module", "name", "changes"),
    [
        ("llama", "LlamaConfig", {}),
        ("llama", "LlamaConfig", {"num_kv_heads": 2, "tie_word_embeddings": True}),
        ("llama", "LlamaConfig", {"hybrid_norm": True, "input_embedding_norm": True}),
        ("qwen", "Qwen3Config", {}),
        ("mistral", "MistralConfig", {}),
        ("olmo", "Olmo2Config", {}),
        ("mixtral", "MixtralConfig", {"n_routed_experts": 8, "num_experts_per_tok": 2}),
        ("qwen3_moe", "Qwen3MoeConfig", {"head_dim": None, "moe_intermediate_dim": 256, "num_experts": 16}),
    ],
)
def test_agrees_with_levanter(module: str, name: str, changes: dict[str, Any]) -> None:
    levanter = importlib.import_module(f"levanter.models.{module}")
    keys: dict[str, Any] = {**ANCHOR, "max_seq_len": ANCHOR["seq_len"], **changes}
    del keys["seq_len"]
    config = getattr(levanter, name)(**keys)
    model = read_architecture(
        {key: getattr(config, key) for key in (*keys, "num_experts_per_tok") if hasattr(config, key)}
    )
    assert isinstance(model, Architecture)
    assert config.flops_per_token(DEFAULT_VOCABULARY, 4096) == flops_per_token(model, DEFAULT_VOCABULARY, 4096)
    assert config.total_trainable_params(DEFAULT_VOCABULARY) == pytest.approx(
        parameters(model, DEFAULT_VOCABULARY), rel=5e-4
    )


def test_an_explicit_head_dim_counts() -> None:
    wide = architecture(head_dim=512)
    assert 2.9 == pytest.approx(flops_per_token(wide, DEFAULT_VOCABULARY, 4096) / 227_868_672, abs=0.05)


@pytest.mark.parametrize("inert", [None, False, "none"])
def test_inert_unknown_keys_change_nothing(inert: Any) -> None:
    assert architecture() == architecture(gdn_heads=inert)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"gdn_heads": 4}, "gdn_heads"),
        ({"dense_router_gradient": True}, "dense_router_gradient"),
        ({"activation_function": "xielu"}, "xielu"),
        ({"hidden_dim": None}, "hidden_dim"),
        ({"num_layers": 0}, "num_layers"),
        ({"num_layers": 1.5}, "num_layers"),
        ({"num_layers": True}, "num_layers"),
        ({"num_layers": "6"}, "num_layers"),
        ({"hidden_dim": 10**30}, "hidden_dim"),
        ({"num_experts": 4, "n_routed_experts": 4}, "both"),
    ],
)
def test_what_no_formula_covers_says_why(changes: dict[str, Any], reason: str) -> None:
    found = read_architecture({**ANCHOR, **changes})
    assert isinstance(found, NotCovered)
    assert reason in found.reason
