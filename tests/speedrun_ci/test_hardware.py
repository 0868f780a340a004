"""The table of accelerators, the names that find a part in it, slices, and peaks."""

from __future__ import annotations

import dataclasses
import math
import subprocess
import sys
import tomllib
from typing import TYPE_CHECKING

import pytest

from speedrun_ci import hardware
from speedrun_ci.hardware import (
    Accelerator,
    OtherPeak,
    accelerators,
    find_accelerator,
    match_peak,
    parse_slice,
    parse_table,
)
from speedrun_ci.tolerances import DEFAULTS
from speedrun_ci.toml_table import TableError

if TYPE_CHECKING:
    from pathlib import Path

# What a published sheet says, written here a second time on purpose: a slip in the table must not pass unseen.
PEAKS = {
    "A10": 125e12,
    "A10G": 70e12,
    "A100": 312e12,
    "A100-40G": 312e12,
    "A100-80G": 312e12,
    "A100-40GB": 312e12,
    "A100-80GB": 312e12,
    "A100-SXM4-40GB": 312e12,
    "A100-PCIe": 312e12,
    "A40": 149.7e12,
    "A6000": 154.85e12,
    "RTX A6000": 154.85e12,
    "RTX 6000 Ada": 364.25e12,
    "H100": 9.895e14,
    "H100-SXM": 9.895e14,
    "H100-PCIe": 756.5e12,
    "H100-NVL": 835.5e12,
    "H200": 9.895e14,
    "H200-SXM": 9.895e14,
    "H200-NVL": 835.5e12,
    "B100": 1.75e15,
    "B200": 2.25e15,
    "B300": 2.25e15,
    "GB200": 2.5e15,
    "GB300": 2.5e15,
    "L4": 121e12,
    "L40": 181.05e12,
    "L40S": 362.05e12,
    "V100": 125e12,
    "V100-SXM2": 125e12,
    "V100-PCIe": 112e12,
    "V100S": 130e12,
    "T4": 65e12,
    "RTX 3090": 71e12,
    "RTX 4090": 165.2e12,
    "RTX 5090": 209.5e12,
    "MI250": 181.05e12,
    "MI250X": 191.5e12,
    "MI300X": 1307.4e12,
    "MI325X": 1307.4e12,
    "v2": 45e12,
    "v3": 123e12,
    "v4": 275e12,
    "v5e": 197e12,
    "v5litepod": 197e12,
    "v5p": 459e12,
    "v6e": 918e12,
    "v7": 2307e12,
    "tpu7x": 2307e12,
}

DEVICE_KINDS = {
    "NVIDIA A100-SXM4-40GB": "A100",
    "NVIDIA A100-SXM4-80GB": "A100",
    "NVIDIA A100-PCIE-40GB": "A100",
    "NVIDIA A100 80GB PCIe": "A100",
    "NVIDIA A10": "A10",
    "NVIDIA A10G": "A10G",
    "NVIDIA A40": "A40",
    "NVIDIA RTX A6000": "A6000",
    "NVIDIA RTX 6000 Ada Generation": "RTX 6000 Ada",
    "NVIDIA H100 80GB HBM3": "H100",
    "NVIDIA H100 PCIe": "H100 PCIe",
    "NVIDIA H100 NVL": "H100 NVL",
    "NVIDIA H200": "H200",
    "NVIDIA H200 NVL": "H200 NVL",
    "NVIDIA GH200 480GB": "GH200",
    "NVIDIA B200": "B200",
    "NVIDIA GB200": "GB200",
    "NVIDIA L4": "L4",
    "NVIDIA L40": "L40",
    "NVIDIA L40S": "L40S",
    "Tesla V100-SXM2-16GB": "V100",
    "Tesla V100-PCIE-32GB": "V100 PCIe",
    "Tesla V100S-PCIE-32GB": "V100S",
    "Tesla T4": "T4",
    "NVIDIA GeForce RTX 3090": "RTX 3090",
    "NVIDIA GeForce RTX 3090 Ti": "RTX 3090 Ti",
    "NVIDIA GeForce RTX 4090": "RTX 4090",
    "NVIDIA GeForce RTX 5090": "RTX 5090",
    "AMD Instinct MI250X": "MI250X",
    "AMD Instinct MI300X": "MI300X",
    "AMD-Instinct-MI300X-OAM": "MI300X",
    "AMD Instinct MI325X": "MI325X",
    "TPU v2": "TPU v2",
    "TPU v3": "TPU v3",
    "TPU v4": "TPU v4",
    "TPU v5": "TPU v5p",
    "TPU v5p": "TPU v5p",
    "TPU v5 lite": "TPU v5e",
    "TPU v5e": "TPU v5e",
    "TPU v6 lite": "TPU v6e",
    "TPU v6e": "TPU v6e",
    "TPU7x": "TPU v7",
}

GPU = """
[[accelerator]]
name = "X1"
kind = "gpu"
peak_flops = 100e12
dtype = "bf16"
per = "card"
datasheet = "X1 datasheet"
verified = true
sparse_peak = 200e12
aliases = ["X1 80GB"]
other_peaks = [{ flops = 110e12, source = "a table" }]
"""
TPU = """
[[accelerator]]
name = "TPU y1"
kind = "tpu"
peak_flops = 100e12
dtype = "bf16"
per = "chip"
datasheet = "TPU y1 documentation"
verified = false
cores_per_chip = 2
devices_per_chip = 1
slice_prefix = ["y1"]
slice_counts = "cores"
max_slice = 64
"""


def found(name: str) -> Accelerator:
    part = find_accelerator(name)
    assert part is not None, name
    return part


# ---------------------------------------------------------------- the table as shipped


@pytest.mark.parametrize(("name", "peak"), PEAKS.items())
def test_peak_of_every_wanted_part(name: str, peak: float) -> None:
    assert peak == found(name).peak_flops


def test_every_name_and_alias_finds_its_own_entry() -> None:
    for part in accelerators():
        for name in (part.name, *part.aliases):
            assert part is find_accelerator(name), name


def test_names_with_another_size_or_bus_have_their_own_peak() -> None:
    # A bare name means the SXM part.
    assert ("H100", "H100") == (found("H100").name, found("H100 SXM5").name)
    assert ("H200", "H200") == (found("H200").name, found("H200 SXM").name)
    assert ("A100", "A100") == (found("A100").name, found("A100-SXM4-80GB").name)
    assert ("V100", "V100") == (found("V100").name, found("V100 SXM2").name)
    for bare, other in (("H100", "H100 PCIe"), ("H100", "H100 NVL"), ("H200", "H200 NVL"), ("V100", "V100 PCIe")):
        assert found(bare).peak_flops > found(other).peak_flops


def test_every_entry_names_its_document() -> None:
    assert [] == [part.name for part in accelerators() if len(part.datasheet) < len("NVIDIA A40 datasheet")]


def test_units() -> None:
    tpus = [part for part in accelerators() if part.kind == "tpu"]
    assert {"chip"} == {part.per for part in tpus}
    assert {"MI250", "MI250X"} == {part.name for part in accelerators() if part.per == "GCD"}
    for part in accelerators():
        if part.kind == "gpu":
            assert (None, None, (), None, None) == (
                part.cores_per_chip,
                part.devices_per_chip,
                part.slice_prefixes,
                part.slice_counts,
                part.max_slice,
            )


def test_a_peak_of_another_unit_says_so() -> None:
    assert OtherPeak(flops=61.5e12, source=found("v3").other_peaks[0].source, per="core") == found("v3").other_peaks[0]
    assert 2 * found("MI250X").peak_flops == found("MI250X").other_peaks[0].flops
    assert "card" == found("MI250X").other_peaks[0].per
    # Half of a part's own peak is accepted only as the peak of half a part.
    for part in accelerators():
        for other in part.other_peaks:
            if other.per is None:
                assert not math.isclose(other.flops, part.peak_flops / 2, rel_tol=1e-2), part.name


def test_fp16_only_where_bf16_is_missing() -> None:
    assert {"T4", "V100", "V100 PCIe", "V100S"} == {part.name for part in accelerators() if part.dtype == "fp16"}


def test_no_other_peak_is_a_sparse_peak() -> None:
    for part in accelerators():
        for other in part.other_peaks:
            assert ("other", other) == match_peak(part, other.flops), part.name
        if part.sparse_peak is not None:
            assert ("sparse", None) == match_peak(part, part.sparse_peak), part.name
            # Sheets round each column by itself: 733 beside 362.05.
            assert part.sparse_peak / part.peak_flops == pytest.approx(2, rel=0.02), part.name


def test_parts_are_frozen_hashable_and_cached() -> None:
    part = found("A100")
    with pytest.raises(dataclasses.FrozenInstanceError):
        part.peak_flops = 1.0  # type: ignore[misc]
    assert len(accelerators()) == len(set(accelerators()))
    assert accelerators() is accelerators()


def test_agreement_with_the_table_that_levanter_uses() -> None:
    fray = pytest.importorskip("fray.device_flops")
    compared = set()
    for key, by_dtype in fray.DEVICE_FLOPS.items():
        part = find_accelerator(key)
        if part is not None:
            flops = by_dtype.get("bf16", by_dtype.get("fp16"))
            assert match_peak(part, flops)[0] in ("peak", "other"), (key, flops)
            compared.add(key)
    assert {
        "a100",
        "a100-40g",
        "h100",
        "h200",
        "v100-sxm",
        "l40s",
        "mi300x",
        "v3",
        "v4",
        "v5litepod",
        "v5p",
        "v6e",
    } <= (compared)
    assert "auto" not in compared


def test_agreement_with_jax_about_tpu_cores() -> None:
    tpu_info = pytest.importorskip("jax._src.tpu_info")
    for part in accelerators():
        if part.kind == "tpu":
            kind = "TPU7x" if part.name == "TPU v7" else part.name
            version = tpu_info.chip_version_from_device_kind(kind)
            cores = version.num_physical_tensor_cores_per_chip
            assert cores == part.cores_per_chip, part.name
            assert (1 if version.supports_megacore else cores) == part.devices_per_chip, part.name


# ---------------------------------------------------------------- names


@pytest.mark.parametrize(("kind", "name"), DEVICE_KINDS.items())
def test_names_that_jax_gives_devices(kind: str, name: str) -> None:
    assert name == found(kind).name


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("a100", "A100"),
        (" A100 ", "A100"),
        ("a100_80g", "A100"),
        ("nvidia-tesla-a100", "A100"),
        ("nvidia-a100-80gb", "A100"),
        ("h100_pcie", "H100 PCIe"),
        ("nvidia-h100-mega-80gb", "H100"),
        ("RTX4090", "RTX 4090"),
        ("geforce rtx-4090", "RTX 4090"),
        ("rtxa6000", "A6000"),
        ("MI 300X", "MI300X"),
        ("Instinct MI325X", "MI325X"),
        ("TPU-V5LITEPOD", "TPU v5e"),
        ("TPU-V6E", "TPU v6e"),
    ],
)
def test_ways_to_write_a_name(written: str, name: str) -> None:
    assert name == found(written).name


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        "-",
        "auto",
        "none",
        "gpu",
        "tpu",
        "TPU",
        "nvidia",
        "NVIDIA Tesla",
        "A1000",
        "A10 0",
        "A10-0",
        "A 10080GB",
        "RTX A1000",
        "XA100",
        "A100X",
        "A100 H100",
        "2xA100",
        "NVIDIA NVIDIA A100",
        "NVIDIA A100-SXM4-80GB MIG 3g.40gb",
        "A100-81GB",
        "L4 0",
        "NVIDIA GeForce RTX 4090 Laptop GPU",
        "RTX 4090 D",
        "v5p-32",
        "TPU v4 lite",
        "v4-8",
        "A100\n",
        "A100\0",
        "A\u200b100",
        "Ａ１００",  # noqa: RUF001 full-width on purpose
        "А100",  # noqa: RUF001 the first letter is Cyrillic
        "RTX 4090 24GB\u202e",
        "../A100",
        "A100" * 1_000_000,
        " " * 5_000_000 + "A100",
        "nvidia" * 1_000_000,
        "- _" * 1_000_000,
    ],
    ids=lambda name: repr(name[:40]),
)
def test_names_of_no_part(name: str) -> None:
    assert find_accelerator(name) is None


# ---------------------------------------------------------------- slices


@pytest.mark.parametrize(
    ("name", "part", "chips", "cores", "devices"),
    [
        ("v5p-32", "TPU v5p", 16, 32, 16),
        ("v5p-8", "TPU v5p", 4, 8, 4),
        ("V5P-32", "TPU v5p", 16, 32, 16),
        ("v5p-17920", "TPU v5p", 8960, 17920, 8960),
        ("v4-32", "TPU v4", 16, 32, 16),
        ("v4-128", "TPU v4", 64, 128, 64),
        ("v4-256", "TPU v4", 128, 256, 128),
        ("v4-8192", "TPU v4", 4096, 8192, 4096),
        ("v3-8", "TPU v3", 4, 8, 8),
        ("v3-2048", "TPU v3", 1024, 2048, 2048),
        ("v2-512", "TPU v2", 256, 512, 512),
        ("v5litepod-64", "TPU v5e", 64, 64, 64),
        ("v5litepod-1", "TPU v5e", 1, 1, 1),
        ("v5e-256", "TPU v5e", 256, 256, 256),
        ("v6e-8", "TPU v6e", 8, 8, 8),
        ("tpu7x-8", "TPU v7", 4, 8, 8),
        ("tpu7x-18432", "TPU v7", 9216, 18432, 18432),
    ],
)
def test_slices(name: str, part: str, chips: int, cores: int, devices: int) -> None:
    parsed = parse_slice(name)
    assert parsed is not None
    assert (name, part, chips, cores, devices) == (
        parsed.name,
        parsed.accelerator.name,
        parsed.chips,
        parsed.cores,
        parsed.devices,
    )


@pytest.mark.parametrize(
    "name",
    [
        "",
        "-",
        "v5p",
        "v5p-",
        "-32",
        "v5p32",
        "v5p_32",
        "v5p -32",
        "v5p- 32",
        " v5p-32",
        "v5p-32 ",
        "v5p-32\n",
        "v5p-32-32",
        "v5p--32",
        "v5p-0",
        "v5litepod-0",
        "v5p-032",
        "v5p-+32",
        "v5p-3_2",
        "v5p-32.0",
        "v5p-3e1",
        "v5p-0x20",
        "v5p-٣٢",
        "v5p-³²",
        "v5p-３２",  # noqa: RUF001 full-width on purpose
        "ｖ5p-32",  # noqa: RUF001 full-width on purpose
        "v5p-31",
        "v4-7",
        "v3-1",
        "tpu7x-3",
        "v5p-17922",
        "v5litepod-512",
        "v6e-257",
        "v4-999999",
        "v4-99999999999999999999",
        "v5p-" + "9" * 5_000_000,
        "v5p" * 1_000_000 + "-32",
        "v8-8",
        "a100-8",
        "tpu-8",
        "auto",
        "TPU v5p-32",
    ],
    ids=lambda name: repr(name[:40]),
)
def test_names_of_no_slice(name: str) -> None:
    assert parse_slice(name) is None


def test_largest_slices_are_whole_pods() -> None:
    for part in accelerators():
        for prefix in part.slice_prefixes:
            assert part.max_slice is not None
            assert parse_slice(f"{prefix}-{part.max_slice}") is not None
            assert parse_slice(f"{prefix}-{2 * part.max_slice}") is None


# ---------------------------------------------------------------- peaks


@pytest.mark.parametrize(
    ("name", "flops", "kind"),
    [
        ("v5p", 459e12, "peak"),
        ("v5p", 459000000000000.06, "peak"),
        ("v5p", 459_000_000_000_000, "peak"),
        ("H100", 9.895e14, "peak"),
        ("H100", 989e12, "peak"),
        ("H100", 989.4e12, "peak"),
        ("H100", 1979e12, "sparse"),
        ("H100", 1978.8e12, "sparse"),
        ("H100", 756.5e12, "none"),
        ("H100 PCIe", 756e12, "peak"),
        ("H200", 1979e12, "sparse"),
        ("A100", 624e12, "sparse"),
        ("A6000", 154.8e12, "peak"),
        ("L40S", 366.5e12, "other"),
        ("B200", 2.5e15, "other"),
        ("V100", 112e12, "other"),
        ("v3", 61.5e12, "other"),
        ("v2", 46e12, "other"),
        ("RTX 4090", 330e12, "none"),
        ("RTX 4090", 330.3e12, "sparse"),
        ("T4", 130e12, "none"),
        ("v5p", 229.5e12, "none"),
        ("v5p", 459.0, "none"),
        ("v5p", 0.0, "none"),
        ("v5p", -459e12, "none"),
        ("v5p", math.nan, "none"),
        ("v5p", math.inf, "none"),
        ("v5p", -math.inf, "none"),
        ("v5p", 10**400, "none"),
        ("v5p", -(10**400), "none"),
    ],
)
def test_which_figure_a_peak_is(name: str, flops: float, kind: str) -> None:
    part = found(name)
    match, other = match_peak(part, flops)
    assert kind == match
    assert (kind == "other") == (other is not None)
    assert other is None or other in part.other_peaks


def test_tolerance_is_relative_to_the_figure_in_the_table() -> None:
    peak = found("A100").peak_flops
    assert "peak" == match_peak(found("A100"), peak * (1 + 0.99 * DEFAULTS.peak_tolerance))[0]
    assert "peak" == match_peak(found("A100"), peak * (1 - 0.99 * DEFAULTS.peak_tolerance))[0]
    assert "none" == match_peak(found("A100"), peak * (1 + 1.01 * DEFAULTS.peak_tolerance))[0]
    assert "none" == match_peak(found("A100"), peak * (1 - 1.01 * DEFAULTS.peak_tolerance))[0]


# ---------------------------------------------------------------- a table with mistakes


def test_a_good_table_is_read_whole() -> None:
    gpu, tpu = parse_table(GPU + TPU)
    assert (
        Accelerator(
            name="X1",
            kind="gpu",
            peak_flops=100e12,
            dtype="bf16",
            per="card",
            datasheet="X1 datasheet",
            verified=True,
            aliases=("X1 80GB",),
            other_peaks=(OtherPeak(flops=110e12, source="a table"),),
            sparse_peak=200e12,
        )
        == gpu
    )
    assert (2, 1, ("y1",), "cores", 64) == (
        tpu.cores_per_chip,
        tpu.devices_per_chip,
        tpu.slice_prefixes,
        tpu.slice_counts,
        tpu.max_slice,
    )


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('name = "X1"\n', "", "accelerator number 1, name: missing"),
        ('name = "X1"', "name = 1", "accelerator number 1, name: expected one line of text"),
        ('name = "X1"', 'name = ""', "accelerator number 1, name: expected one line of text"),
        ('name = "X1"', 'name = "X\\n1"', "accelerator number 1, name: expected one line of text"),
        ('name = "X1"', 'name = "Х1"', "name: 'Х1' is no name"),  # noqa: RUF001 Cyrillic on purpose
        ('name = "X1"', f'name = "{"X" * 101}"', "is no name"),
        ('kind = "gpu"\n', "", "'X1', kind: missing"),
        ('kind = "gpu"', 'kind = "cpu"', "'X1', kind: expected one of gpu, tpu, found 'cpu'"),
        ("peak_flops = 100e12\n", "", "'X1', peak_flops: missing"),
        ("peak_flops = 100e12", "peak_flops = 100", "'X1', peak_flops: expected FLOP/s between"),
        ("peak_flops = 100e12", 'peak_flops = "100e12"', "'X1', peak_flops: expected FLOP/s between"),
        ("peak_flops = 100e12", "peak_flops = true", "'X1', peak_flops: expected FLOP/s between"),
        ("peak_flops = 100e12", "peak_flops = nan", "'X1', peak_flops: expected FLOP/s between"),
        ("peak_flops = 100e12", "peak_flops = inf", "'X1', peak_flops: expected FLOP/s between"),
        ("peak_flops = 100e12", "peak_flops = -100e12", "'X1', peak_flops: expected FLOP/s between"),
        ('dtype = "bf16"', 'dtype = "fp8"', "'X1', dtype: expected one of bf16, fp16, found 'fp8'"),
        ('per = "card"\n', "", "'X1', per: missing"),
        ('per = "card"', 'per = "core"', "'X1', per: expected one of card, GCD, chip"),
        ('per = "card"', 'per = "chip"', "'X1', per: a gpu is counted by card or GCD, not by chip"),
        ('per = "chip"', 'per = "card"', "'TPU y1', per: a tpu is counted by chip, not by card"),
        ('datasheet = "X1 datasheet"\n', "", "'X1', datasheet: missing"),
        ('datasheet = "X1 datasheet"', 'datasheet = " "', "'X1', datasheet: expected one line of text"),
        ("verified = true\n", "", "'X1', verified: missing"),
        ("verified = true", "verified = 1", "'X1', verified: expected true or false, found 1"),
        ("verified = true", "verified = true\nnote = 3", "'X1', note: expected one line of text"),
        ("verified = true", "verified = true\nspeed = 3", "'X1': unknown key 'speed'"),
        ("verified = true", 'verified = true\n"a\\nb" = 3', "'X1': unknown key 'a\\nb'"),
        ("verified = true", "verified = true\ncores_per_chip = 2", "'X1': unknown key 'cores_per_chip'"),
        ("verified = true", "verified = true\nmax_slice = 2", "'X1': unknown key 'max_slice'"),
        ("sparse_peak = 200e12", "sparse_peak = 200", "'X1', sparse_peak: expected FLOP/s between"),
        ("sparse_peak = 200e12", "sparse_peak = 100.05e12", "'X1', sparse_peak: 1.0005e+14 is not above peak_flops"),
        ("sparse_peak = 200e12", "sparse_peak = 50e12", "'X1', sparse_peak: 5e+13 is not above peak_flops"),
        ('aliases = ["X1 80GB"]', 'aliases = "X1 80GB"', "'X1', aliases: expected a list of texts"),
        ('aliases = ["X1 80GB"]', "aliases = [1]", "'X1', aliases: expected a list of texts"),
        ('aliases = ["X1 80GB"]', "aliases = []", "'X1', aliases: expected a list of texts"),
        ('aliases = ["X1 80GB"]', 'aliases = ["NVIDIA"]', "'X1', aliases: 'NVIDIA' is no name"),
        ('aliases = ["X1 80GB"]', 'aliases = ["nvidia x1"]', "'X1', aliases: 'nvidia x1' is already a name of 'X1'"),
        ('aliases = ["X1 80GB"]', 'aliases = ["X2", "x_2"]', "'X1', aliases: 'x_2' is already a name of 'X1'"),
        ('aliases = ["X1 80GB"]', 'aliases = ["X1-80G", "X1 80GB"]', "'X1', aliases: 'X1 80GB' is already a name"),
        ('name = "TPU y1"', 'name = "x1 80g"', "'x1 80g', name: 'x1 80g' is already a name of 'X1'"),
        ("flops = 110e12, ", "", "'X1', other_peaks[0], flops: missing"),
        (', source = "a table"', "", "'X1', other_peaks[0], source: missing"),
        ('"a table"', '"a table", when = 1', "'X1', other_peaks[0]: unknown key 'when'"),
        ('"a table"', '"a table", per = "die"', "'X1', other_peaks[0], per: expected one of card, GCD, chip, core"),
        ('{ flops = 110e12, source = "a table" }', "3", "'X1', other_peaks[0]: expected a table, found 3"),
        ('[{ flops = 110e12, source = "a table" }]', "110e12", "'X1', other_peaks: expected a list of tables"),
        ("flops = 110e12", "flops = 200.1e12", "'X1', other_peaks[0], flops: 2.001e+14 is the sparse_peak"),
        ("flops = 110e12", "flops = 99.95e12", "'X1', other_peaks[0], flops: 9.995e+13 is peak_flops"),
        (
            '"a table" }',
            '"a table" }, { flops = 110.1e12, source = "b" }',
            "'X1', other_peaks[1], flops: 1.101e+14 is listed twice",
        ),
        ("cores_per_chip = 2\n", "", "'TPU y1', cores_per_chip: missing"),
        ("cores_per_chip = 2", "cores_per_chip = 0", "'TPU y1', cores_per_chip: expected a whole number from 1"),
        ("cores_per_chip = 2", "cores_per_chip = 2.0", "'TPU y1', cores_per_chip: expected a whole number from 1"),
        ("devices_per_chip = 1", "devices_per_chip = true", "'TPU y1', devices_per_chip: expected a whole number"),
        ('slice_prefix = ["y1"]\n', "", "'TPU y1', slice_prefix: missing"),
        ('slice_prefix = ["y1"]', 'slice_prefix = ["Y1"]', "'TPU y1', slice_prefix: 'Y1' is not a lower-case letter"),
        ('slice_prefix = ["y1"]', 'slice_prefix = ["y1", "y1"]', "slice_prefix: 'y1' is already a prefix of 'TPU y1'"),
        ('slice_counts = "cores"', 'slice_counts = "hosts"', "'TPU y1', slice_counts: expected one of cores, chips"),
        ("max_slice = 64", "max_slice = 1e9", "'TPU y1', max_slice: expected a whole number from 1"),
    ],
)
def test_each_mistake_is_named_in_one_line(old: str, new: str, problem: str) -> None:
    text = GPU + TPU
    assert old in text
    with pytest.raises(TableError) as caught:
        parse_table(text.replace(old, new, 1))
    message = str(caught.value)
    assert problem in message
    assert message.startswith("hardware.toml: accelerator ")
    assert 1 == len(message.splitlines())


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "hardware.toml: accelerator: expected one or more [[accelerator]] tables"),
        ("accelerator = []", "hardware.toml: accelerator: expected one or more [[accelerator]] tables"),
        ("accelerator = 3", "hardware.toml: accelerator: expected one or more [[accelerator]] tables"),
        ("accelerator = [3]", "hardware.toml: accelerator number 1: expected a table, found 3"),
        ("[accelerators]", "hardware.toml: unknown key 'accelerators'; only [[accelerator]] tables may stand here"),
        ("name = ", "hardware.toml: not valid TOML: "),
        ("a = 1\na = 1", "hardware.toml: not valid TOML: "),
    ],
)
def test_a_file_that_is_no_table(text: str, problem: str) -> None:
    with pytest.raises(TableError) as caught:
        parse_table(text)
    assert str(caught.value).startswith(problem)
    assert 1 == len(str(caught.value).splitlines())


def test_a_second_entry_of_one_name_is_refused() -> None:
    with pytest.raises(TableError, match="'X1', name: 'X1' is already a name of 'X1'"):
        parse_table(GPU + GPU)


def test_a_file_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    try:
        for path, content, reason in (
            (tmp_path / "absent", None, "No such file or directory"),
            (tmp_path / "latin", b"\xff", "not UTF-8"),
        ):
            if content is not None:
                path.write_bytes(content)
            monkeypatch.setattr(hardware, "_TABLE", path)
            accelerators.cache_clear()
            with pytest.raises(TableError) as caught:
                accelerators()
            assert f"{path.name}: cannot be read: {reason}" == str(caught.value)
    finally:
        accelerators.cache_clear()


def test_the_shipped_file_is_ascii_and_has_no_key_the_loader_ignores() -> None:
    text = hardware._TABLE.read_text(encoding="utf-8")
    assert text.isascii()
    assert len(tomllib.loads(text)["accelerator"]) == len(accelerators())


def test_import_brings_nothing_of_weight() -> None:
    heavy = ("pydantic", "jax", "numpy", "levanter", "wandb", "github", "httpx", "rich")
    program = f"import sys, speedrun_ci.hardware; print([name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert "[]" == done.stdout.strip()
