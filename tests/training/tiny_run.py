"""A run of twelve steps with a very small model, as a submission's script: what the tests train."""

from levanter.models.llama import LlamaConfig

from training.config import Author, CpuOnlyConfig, SimpleTrainConfig, SpeedrunConfig
from training.datasets import SYNTHETIC
from training.speedrun import default_speedrun, executor_main

config = SpeedrunConfig(
    author=Author("A. Tester", "Nowhere"),
    description="A run of the tests.",
    model_config=LlamaConfig(
        max_seq_len=64, hidden_dim=32, intermediate_dim=48, num_layers=2, num_heads=4, num_kv_heads=2
    ),
    train_config=SimpleTrainConfig(
        CpuOnlyConfig(device_flops_override=1e12),
        4,
        12,
        5e-3,
        beta2=0.9,
        warmup=2,
        steps_per_eval=5,
        steps_per_export=4,
        per_device_eval_parallelism=32,
        max_eval_batches=1,
    ),
    tokenized_dataset=SYNTHETIC.name,
)

if __name__ == "__main__":
    executor_main(steps=default_speedrun("tiny", config))
