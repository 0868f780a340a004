"""__SUBMISSION_NAME__: a small Llama on the built-in synthetic corpus, on CPU, in about a minute and without a network.

python -m submissions.__SUBMISSION_NAME__.main --dry_run true
python -m submissions.__SUBMISSION_NAME__.main --prefix local_store --force_run_failed true
"""

from levanter.models.llama import LlamaConfig
from levanter.optim.config import AdamConfig

from training.config import Author, CpuOnlyConfig, SimpleTrainConfig, SpeedrunConfig
from training.datasets import SYNTHETIC
from training.speedrun import default_speedrun, executor_main

config = SpeedrunConfig(
    author=Author(
        name="__SUBMISSION_AUTHOR_NAME__",
        affiliation="__SUBMISSION_AUTHOR_AFFILIATION__",
        url="__SUBMISSION_AUTHOR_URL__",
    ),
    description="__SUBMISSION_DESCRIPTION__",
    model_config=LlamaConfig(
        max_seq_len=256,
        hidden_dim=96,
        intermediate_dim=256,
        num_layers=2,
        num_heads=3,
        num_kv_heads=3,
    ),
    train_config=SimpleTrainConfig(
        # CPUs have no table of peaks, so a run states its own. This one is nominal: more FLOP/s than a CPU reaches
        # on a model this small, so that the share of it that was used (MFU) stays below 1 on every machine.
        CpuOnlyConfig(device_flops_override=1e12),
        train_batch_size=8,
        num_train_steps=240,
        learning_rate=4e-3,
        data_seed=42,
        optimizer_config=AdamConfig(learning_rate=4e-3, weight_decay=0.1, warmup=20, lr_schedule="cosine"),
        steps_per_eval=80,
        # The whole evaluation in one batch: then bits per byte follow exactly from loss, tokens and bytes.
        per_device_eval_parallelism=160,
    ),
    tokenized_dataset=SYNTHETIC.name,
)

if __name__ == "__main__":
    executor_main(steps=default_speedrun("__SUBMISSION_NAME__", config))
