"""The hackable transformer: what it computes, what it costs, and its command line."""

import dataclasses
import itertools
import json
import math
import os
import re
import subprocess
import sys

import numpy as np
import pytest

from speedrun_ci.flops import formulas
from speedrun_ci.flops.architecture import Architecture, read_architecture
from speedrun_ci.new import Details, create
from training.config import (
    Author,
    CpuOnlyConfig,
    GpuConfig,
    SimpleTrainConfig,
    SpeedrunConfig,
    TpuPodConfig,
    plain_data,
)
from training.datasets import SYNTHETIC
from training.history import read_history
from training.run_directory import RunDirectory
from training.speedrun import default_speedrun, executor_main

VOCABULARY, LENGTH, BATCH = 50, 16, 3
SHAPE = {
    "max_seq_len": LENGTH,
    "hidden_dim": 32,
    "intermediate_dim": 48,
    "num_layers": 2,
    "num_heads": 4,
    "num_kv_heads": 2,
}
SWITCHES = ("qk_norm", "use_attention_sink", "input_embedding_norm", "tie_word_embeddings")
ALL_ON = dict.fromkeys(SWITCHES, True)
SIZES = {"130m": (5880, 1), "300m": (11430, 1), "520m": (22981, 2), "1_2b": (27301, 4)}
"""Steps, and GPUs."""


@pytest.fixture(scope="module")
def template():
    from training.templates import hackable_transformer

    return hackable_transformer


@pytest.fixture(scope="module")
def everything(template):
    """A model with every switch on, heads in groups, and heads of another width than usual."""
    return built(template.TransformerConfig(**SHAPE, **ALL_ON, head_dim=6))


@pytest.fixture
def calls(template, monkeypatch):
    """What `main` hands to `executor_main`."""
    seen = []
    monkeypatch.setattr(template, "executor_main", lambda **arguments: seen.append(arguments))
    return seen


@pytest.fixture(autouse=True, scope="module")
def surroundings():
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(("WANDB_", "SR_", "MARIN_"))]:
            patch.delenv(name)
        yield


def built(config, seed=0):
    import haliax as hax
    import jax

    return config.build(hax.Axis("vocab", VOCABULARY), key=jax.random.PRNGKey(seed))


def tokens(seed=1):
    """Token ids [batch, position]."""
    return np.random.default_rng(seed).integers(0, VOCABULARY, (BATCH, LENGTH))


def logits(model, ids):
    """Logits [batch, position, vocab] for token ids [batch, position]."""
    import equinox as eqx
    import haliax as hax
    from levanter.layers.attention import AttentionMask

    @eqx.filter_jit
    def forward(model, ids):
        named = hax.named(ids, ("batch", "position"))
        return model(named, AttentionMask.causal()).rearrange(("batch", "position", "vocab")).array

    return np.asarray(forward(model, ids))


def architecture(config):
    found = read_architecture(plain_data(config))
    assert isinstance(found, Architecture), found
    return found


def parameter_count(config):
    """Parameters of the model that would be built."""
    import equinox as eqx
    import haliax as hax
    import jax

    shapes = eqx.filter_eval_shape(config.build, hax.Axis("vocab", VOCABULARY), key=jax.random.PRNGKey(0))
    return sum(math.prod(leaf.shape) for leaf in jax.tree.leaves(shapes))


# --- What it computes


def test_logits_have_a_score_for_every_token_at_every_position(everything):
    found = logits(everything, tokens())

    assert (BATCH, LENGTH, VOCABULARY) == found.shape
    assert np.isfinite(found).all()


@pytest.mark.parametrize("backend", [None, "VANILLA"])
def test_a_token_changes_no_earlier_position(template, backend):
    from levanter.layers.attention import AttentionBackend

    chosen = None if backend is None else AttentionBackend[backend]
    model = built(template.TransformerConfig(**SHAPE, **ALL_ON, attn_backend=chosen))
    ids = tokens()
    changed = ids.copy()
    changed[:, 10] = (ids[:, 10] + 1) % VOCABULARY
    difference = np.abs(logits(model, ids) - logits(model, changed)).max(axis=(0, 2))

    assert [0.0] * 10 == difference[:10].tolist()
    assert (difference[10:] > 1e-6).all()


def reference_logits(model, ids):
    """The same in plain numpy, head by head, after the papers: logits [position, vocab] for token ids [position]."""
    config, blocks = model.config, model.blocks.stacked
    width, groups = config.head_size, config.num_heads // config.num_kv_heads

    def rms(x, norm, layer=None):
        weight = np.asarray(norm.weight.array) if layer is None else np.asarray(norm.weight.array)[layer]
        return x / np.sqrt((x**2).mean(-1, keepdims=True) + config.layer_norm_epsilon) * weight

    def rotated(x):  # [position, head_size]
        angle = np.arange(LENGTH)[:, None] / 10_000 ** (np.arange(0, width, 2) / width)
        low, high = x[:, : width // 2], x[:, width // 2 :]
        return np.concatenate(
            [low * np.cos(angle) - high * np.sin(angle), high * np.cos(angle) + low * np.sin(angle)], axis=-1
        )

    x = rms(np.asarray(model.embeddings.weight.array, dtype=np.float64)[ids], model.embedding_norm)
    for layer in range(config.num_layers):
        attention, mlp = blocks.attention, blocks.mlp
        weights = {
            name: np.asarray(getattr(attention, name).weight.array)[layer]
            for name in ("q_proj", "k_proj", "v_proj", "o_proj")
        }
        entered = rms(x, blocks.attention_norm, layer)
        mixed = np.zeros_like(x)
        for kv_head, head in itertools.product(range(config.num_kv_heads), range(groups)):
            q = rotated(rms(entered @ weights["q_proj"][kv_head, head].T, attention.q_norm, layer))
            k = rotated(rms(entered @ weights["k_proj"][kv_head].T, attention.k_norm, layer))
            v = entered @ weights["v_proj"][kv_head].T
            scores = np.exp(np.where(np.tri(LENGTH, dtype=bool), q @ k.T / np.sqrt(width), -np.inf))
            sink = np.exp(np.asarray(attention.sink.array)[layer, kv_head, head])
            mixed += scores / (scores.sum(-1, keepdims=True) + sink) @ v @ weights["o_proj"][:, kv_head, head].T
        x = x + mixed
        entered = rms(x, blocks.mlp_norm, layer)
        gate, up, down = (
            np.asarray(linear.weight.array)[layer] for linear in (mlp.gate_proj, mlp.up_proj, mlp.down_proj)
        )
        gated = entered @ gate.T
        x = x + (gated / (1 + np.exp(-gated)) * (entered @ up.T)) @ down.T
    return rms(x, model.final_norm) @ np.asarray(model.embeddings.weight.array).T


def test_it_computes_what_the_papers_say(everything):
    import equinox as eqx
    import haliax as hax
    import jax

    sink = everything.blocks.stacked.attention.sink
    drawn = hax.named(jax.random.normal(jax.random.PRNGKey(5), sink.array.shape), sink.axes)
    model = eqx.tree_at(lambda model: model.blocks.stacked.attention.sink, everything, drawn)
    ids = tokens()[0]

    np.testing.assert_allclose(reference_logits(model, ids), logits(model, ids[None])[0], rtol=2e-4, atol=2e-5)


def test_every_parameter_has_a_gradient(everything):
    import equinox as eqx
    import haliax as hax
    import jax
    from levanter.models.lm_model import LmExample

    example = LmExample.causal(hax.named(tokens()[0], "position"))
    loss, gradient = eqx.filter_value_and_grad(lambda model: model.compute_next_token_loss(example).scalar())(
        everything
    )

    assert abs(float(loss) - math.log(VOCABULARY)) < 1
    for path, leaf in jax.tree_util.tree_leaves_with_path(gradient):
        assert (np.abs(leaf) > 0).any(), jax.tree_util.keystr(path)


@pytest.mark.parametrize("checkpointing", [True, False])
def test_layers_are_a_loop_that_keeps_their_inputs_only(template, checkpointing):
    import equinox as eqx
    import haliax as hax
    import jax
    from levanter.models.lm_model import LmExample

    config = template.TransformerConfig(**SHAPE, gradient_checkpointing=checkpointing)
    model = eqx.filter_eval_shape(config.build, hax.Axis("vocab", VOCABULARY), key=jax.random.PRNGKey(0))
    example = LmExample.causal(hax.named(tokens()[0], "position"))
    loss = eqx.filter_grad(lambda model: model.compute_next_token_loss(example).scalar())
    program = str(eqx.filter_make_jaxpr(loss)(model)[0])

    assert f"length={config.num_layers}" in program
    assert checkpointing == ("remat" in program)


def test_muon_gets_the_matrices_of_the_layers_and_nothing_else(template):
    import equinox as eqx
    import haliax as hax
    import jax

    config = template.TransformerConfig(**SHAPE, **{**ALL_ON, "tie_word_embeddings": False})
    shapes = eqx.filter_eval_shape(config.build, hax.Axis("vocab", VOCABULARY), key=jax.random.PRNGKey(0))
    labels = template.muon(0.1, 0.1).create_mask(shapes, use_kimi_scaling=False)
    muon = {
        jax.tree_util.keystr(path) for path, label in jax.tree_util.tree_leaves_with_path(labels) if label == "muon"
    }

    matrices = [f"attention.{name}_proj" for name in "qkvo"] + [f"mlp.{name}_proj" for name in ("gate", "up", "down")]
    assert {f".blocks.stacked.{matrix}.weight" for matrix in matrices} == muon


def test_vocabulary_can_be_resized(template):
    model = built(template.TransformerConfig(**SHAPE)).resize_vocab(VOCABULARY + 7)

    assert (BATCH, LENGTH, VOCABULARY + 7) == logits(model, tokens()).shape
    assert VOCABULARY + 7 == model.Vocab.size == model.vocab_size


# --- What it costs


@pytest.mark.parametrize("head_dim", [None, 6])
@pytest.mark.parametrize("on", list(itertools.product([False, True], repeat=len(SWITCHES))), ids=str)
def test_parameters_are_those_of_the_model_and_of_the_checker(template, on, head_dim):
    config = template.TransformerConfig(**SHAPE, head_dim=head_dim, **dict(zip(SWITCHES, on, strict=True)))
    count = config.total_trainable_params(VOCABULARY)

    assert parameter_count(config) == count
    assert formulas.parameters(architecture(config), VOCABULARY) == count


@pytest.mark.parametrize(
    ("switch", "difference"),
    [
        ("qk_norm", 2 * 2 * 8),
        ("use_attention_sink", 2 * 4),
        ("input_embedding_norm", 32),
        ("tie_word_embeddings", -50 * 32),
    ],
)
def test_a_switch_changes_its_own_parameters_only(template, switch, difference):
    off = template.TransformerConfig(**SHAPE)
    on = dataclasses.replace(off, **{switch: True})

    assert difference == parameter_count(on) - parameter_count(off)
    assert off.flops_per_token(VOCABULARY, LENGTH) == on.flops_per_token(VOCABULARY, LENGTH)


@pytest.mark.parametrize("head_dim", [None, 512])
@pytest.mark.parametrize("size", SIZES)
def test_flops_and_parameters_of_the_sizes_are_the_checker_s(template, size, head_dim):
    config = dataclasses.replace(template.SIZES[size].model, head_dim=head_dim)

    for vocabulary, length in ((formulas.DEFAULT_VOCABULARY, 4096), (257, 1000)):
        expected = formulas.flops_per_token(architecture(config), vocabulary, length)
        assert expected == config.flops_per_token(vocabulary, length)
        assert formulas.parameters(architecture(config), vocabulary) == config.total_trainable_params(vocabulary)


def test_published_anchor(template):
    config = template.SIZES["130m"].model

    assert 227_868_672 == config.flops_per_token(128_256, 4096)
    assert 154_147_328 == config.total_trainable_params(128_256)


def matmul_flops(jaxpr):
    """FLOPs of the matrix multiplications of a program, each loop's body counted as often as it is run."""
    total = 0
    for equation in jaxpr.eqns:
        if equation.primitive.name == "dot_general":
            ((contracted, _), _), left = equation.params["dimension_numbers"], equation.invars[0].aval.shape
            total += 2 * math.prod(equation.outvars[0].aval.shape) * math.prod(left[axis] for axis in contracted)
        inner = [equation.params.get(name) for name in ("jaxpr", "call_jaxpr")]
        repeats = equation.params["length"] if equation.primitive.name == "scan" else 1
        total += repeats * sum(matmul_flops(getattr(body, "jaxpr", body)) for body in inner if body is not None)
    return total


@pytest.mark.parametrize("head_dim", [None, 6])
def test_flops_are_those_of_the_program(template, head_dim):
    """Matrix multiplications, and three operations for each element of an attention map, as the contest counts."""
    import equinox as eqx
    import haliax as hax
    import jax
    from levanter.layers.attention import AttentionBackend, AttentionMask

    on = {**ALL_ON, "use_attention_sink": False}  # which the plain kernel appends to the map as a further key
    config = template.TransformerConfig(**SHAPE, **on, head_dim=head_dim, attn_backend=AttentionBackend.VANILLA)
    model = eqx.filter_eval_shape(config.build, hax.Axis("vocab", VOCABULARY), key=jax.random.PRNGKey(0))
    ids = hax.named(np.zeros(LENGTH, dtype=np.int32), "position")
    program = eqx.filter_make_jaxpr(lambda model: model(ids, AttentionMask.causal()).array)(model)[0]
    softmax = 3 * LENGTH**2 * config.num_heads * config.num_layers

    assert LENGTH * config.flops_per_token(VOCABULARY, LENGTH) == matmul_flops(program.jaxpr) + softmax


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ({"num_heads": 4, "num_kv_heads": 3}, "num_heads: expected a multiple of num_kv_heads 3, got 4"),
        ({"hidden_dim": 510}, "hidden_dim: expected a multiple of num_heads 8, got 510"),
        ({"head_dim": 7}, "head_dim: expected an even number for rotary positions, got 7"),
    ],
)
def test_impossible_shapes_are_refused(template, shape, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        template.TransformerConfig(**shape)


# --- How it is trained


@pytest.fixture(scope="module")
def trained(template, prefix, tmp_path_factory):
    """A short training with every switch on; returns its history and its results."""
    results = tmp_path_factory.mktemp("results")
    config = SpeedrunConfig(
        Author("A. Tester", "Nowhere"),
        "The hackable transformer of the tests.",
        template.TransformerConfig(**{**SHAPE, "max_seq_len": 64}, **ALL_ON, head_dim=6),
        SimpleTrainConfig(
            CpuOnlyConfig(device_flops_override=1e12),
            train_batch_size=4,
            num_train_steps=12,
            learning_rate=0.02,
            optimizer_config=template.muon(0.02, 0.01),
            per_device_eval_parallelism=32,
            max_eval_batches=1,
        ),
        SYNTHETIC.name,
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HF_HUB_OFFLINE", "1")
        patch.setenv("MARIN_PREFIX", str(prefix))
        executor_main(
            steps=default_speedrun("hackable", config),
            argv=["--prefix", str(prefix), "--results_dir", str(results)],
        )
    directory = RunDirectory(prefix / "checkpoints" / "speedrun" / "hackable")
    [run] = json.loads((results / "speedrun_results.json").read_text())["runs"]
    return read_history(directory.history), run["run_info"]


def test_training_learns(trained):
    history, _ = trained
    losses = [history.steps[step]["train/loss"] for step in range(12)]

    assert all(math.isfinite(loss) for loss in losses)
    assert losses[-1] < losses[0] - 0.5


def test_results_have_the_figures_of_the_formulas(template, trained):
    history, info = trained
    found = read_architecture(info["model_config"])

    assert history.summary["parameter_count"] == info["model_size"] == formulas.parameters(found, 257)
    assert formulas.flops_per_token(found, 257, 64) == info["model_flops_per_token"]


# --- Its command line


@pytest.mark.parametrize("size", SIZES)
def test_steps_are_twenty_tokens_a_parameter(template, size):
    steps, _ = SIZES[size]
    config = template.speedrun_config(size)
    batch = 256 if size == "1_2b" else 128

    assert (batch, steps) == (config.train_config.train_batch_size, config.train_config.num_train_steps)
    assert 4096 == config.sequence_length
    assert 20 * config.model_size - batch * 4096 < config.total_tokens <= 20 * config.model_size
    assert config.train_config.learning_rate == config.train_config.optimizer_config.learning_rate


@pytest.mark.parametrize("size", SIZES)
def test_hardware_is_a_slice_or_gpus(template, size, monkeypatch):
    assert TpuPodConfig("v5p-32") == template.speedrun_config(size).train_config.resources
    monkeypatch.setenv("SR_USE_GPU", "0")
    assert TpuPodConfig("v5p-32") == template.speedrun_config(size).train_config.resources
    monkeypatch.setenv("SR_USE_GPU", "1")
    assert GpuConfig(SIZES[size][1], "A100-80G") == template.speedrun_config(size).train_config.resources


def test_dry_run_prints_the_anchors(template, capsys, monkeypatch):
    monkeypatch.setenv("SR_USE_GPU", "1")
    template.main(["--sizes", "130m", "--dry_run", "true"])
    printed = capsys.readouterr().out

    assert 1 == printed.count("START OF PRINT RUN INFO")
    for line in (
        '    "num_train_steps": 5880,',
        "      * 4.21e+18 FLOPs assuming an MFU of 0.5, and",
        "      * 1.05e+19 FLOPs assuming an MFU of 0.2.",
        "Number of devices: 1",
        "Number of chips: 1",
        "Device FLOPs: 3.12e+14 FLOP/s",
        "Total peak hardware FLOPs: 3.12e+14 FLOP/s",
        "Model FLOPs: 2.11e+18 FLOP",
        "Model size: 154.15 million parameters",
    ):
        assert line in printed.splitlines()


def test_dry_run_on_a_slice(template, capsys):
    template.main(["--dry_run", "true", "--sizes", "130m"])
    printed = capsys.readouterr().out

    assert '    "tpu_type": "v5p-32",' in printed
    assert "Number of chips: 16" in printed


def test_all_sizes_are_meant_by_default_and_each_has_its_directory(template, calls):
    template.main(["--prefix", "store", "--results_dir", "somewhere"])
    [call] = calls

    assert list(SIZES) == [step.name for step in call["steps"]]
    assert ["--prefix", "store", "--results_dir", "somewhere"] == call["argv"]
    assert [f"checkpoints/speedrun/{template.NAME}/{size}" for size in SIZES] == [
        step.output_path for step in call["steps"]
    ]


def test_one_size_alone_goes_to_its_directory_too(template, calls):
    template.main(["--results_dir", "somewhere", "--sizes", "300m", "300m", "--force_run_failed", "true"])
    [call] = calls

    assert ["300m"] == [step.name for step in call["steps"]]
    assert ["--force_run_failed", "true", "--results_dir", "somewhere/300m"] == call["argv"]


@pytest.mark.parametrize("arguments", [["--sizes", "75m"], ["--sizes"]])
def test_a_size_that_there_is_not_is_one_line(template, capsys, arguments):
    with pytest.raises(SystemExit) as stopped:
        template.main(arguments)

    assert 2 == stopped.value.code
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("error: argument --sizes: ")


def test_a_created_submission_can_be_run_and_imported_in_one_process(tmp_path, child_environment):
    """The two copies of its model class, which draccus would refuse under one name, do not meet."""
    submissions = tmp_path / "submissions"
    submissions.mkdir()
    create(submissions, "mine", "hackable-transformer", Details("A. Tester", "Nowhere", None, "A test."))
    script = "import runpy, submissions.mine.main; runpy.run_module('submissions.mine.main', run_name='__main__')"
    finished = subprocess.run(
        [sys.executable, "-W", "ignore::RuntimeWarning", "-c", script, "--dry_run", "true"],
        cwd=tmp_path,
        env={**child_environment, "SR_USE_GPU": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert 0 == finished.returncode, finished.stderr
    assert "" == finished.stderr
    assert [f'  "description": "A test. ({size})",' for size in SIZES] == re.findall(
        r'^  "description": .*$', finished.stdout, re.MULTILINE
    )
    sizes = re.findall(r"^Model size: (.*) million parameters$", finished.stdout, re.MULTILINE)
    assert ["154.15", "299.65", "602.46", "1431.37"] == sizes
    assert ["1", "1", "2", "4"] == re.findall(r"^Number of chips: (.*)$", finished.stdout, re.MULTILINE)
    assert ["main.py", "README.md"] == sorted(
        (path.name for path in (submissions / "mine").iterdir() if path.is_file()), reverse=True
    )
