"""What hardware the `resources` of every era name."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speedrun_ci.hardware import find_accelerator
from speedrun_ci.resources import Hardware, read_resources

LATER = {"cpu": 32, "ram": "128g", "disk": "50g", "preemptible": True, "regions": None}
"""What else later files say of a machine."""


def device(
    kind: str | None, variant: object, count: object = 1, replicas: object = 1, **more: object
) -> dict[str, Any]:
    inner = {"variant": variant, "count": count, "topology": None, **({"kind": kind} if kind else {})}
    return {"device": inner, "replicas": replicas, **LATER, **more}


@pytest.mark.parametrize(
    ("resources", "kind", "part", "chips"),
    [
        # the oldest forms
        ({"tpu_type": "v5p-32", "slice_count": 1, "device_flops_override": None}, "tpu", "TPU v5p", (16,)),
        ({"tpu_type": "v4-128", "slice_count": 2, "device_flops_override": None}, "tpu", "TPU v4", (128,)),
        ({"tpu_type": "v5litepod-64", "slice_count": 1}, "tpu", "TPU v5e", (64,)),
        ({"tpu_type": "v6e-8"}, "tpu", "TPU v6e", (8,)),
        ({"tpu_type": "v3-8", "slice_count": None}, "tpu", "TPU v3", (4,)),
        ({"gpu_count": 4, "accelerator_type": "A100", "device_flops_override": None}, "gpu", "A100", (4,)),
        ({"gpu_count": 8, "accelerator_type": "H200"}, "gpu", "H200", (8,)),
        ({"accelerator_type": "H100"}, "gpu", "H100", (1,)),
        ({"gpu_count": 2}, "gpu", None, (2,)),
        ({"num_cpus": 8}, "cpu", None, (1,)),
        # later ones
        (device("tpu", "v5p-32"), "tpu", "TPU v5p", (16,)),
        (device("tpu", "v5p-32", replicas=4), "tpu", "TPU v5p", (64, 16)),
        (device("gpu", "H100", 8), "gpu", "H100", (8,)),
        (device("gpu", "H100", 8, 2), "gpu", "H100", (16,)),
        (device("cpu", "cpu"), "cpu", None, (1,)),
        (device("cpu", None, replicas=2), "cpu", None, (2, 1)),
        ({"device": {"type": "v5p-32", "topology": None}, "replicas": 1}, "tpu", "TPU v5p", (16,)),
        ({"device": {"type": "v5p-32", "topology": None}, "replicas": 4}, "tpu", "TPU v5p", (64, 16)),
        ({"device": {"type": "A100", "count": 4}}, "gpu", "A100", (4,)),
        ({"device": {"kind": "tpu", "type": "v4-8"}}, "tpu", "TPU v4", (4,)),
        ({"device": {"variant": None, "type": "v4-8"}}, "tpu", "TPU v4", (4,)),
        ({"device": {"variant": "v4-8", "type": "A100"}}, "tpu", "TPU v4", (4,)),
        (device(None, "v5p-32"), "tpu", "TPU v5p", (16,)),
        (device(None, "TPU v5p"), "tpu", "TPU v5p", ()),
        (device(None, "NVIDIA H100 80GB HBM3", 8), "gpu", "H100", (8,)),
        # nothing that can be told
        (device("gpu", "auto", 8), "gpu", None, (8,)),
        (device("tpu", "auto"), "tpu", None, ()),
        (device(None, "auto"), "unknown", None, ()),
        (device("gpu", "", 8), "gpu", None, (8,)),
        (device("gpu", "Imaginator 9000", 8), "gpu", None, (8,)),
        ({"tpu_type": "v99-32"}, "tpu", None, ()),
        ({"tpu_type": "v5p-33"}, "tpu", None, ()),
        ({"tpu_type": ""}, "tpu", None, ()),
        ({}, "unknown", None, ()),
        ({"device": {}}, "unknown", None, ()),
        ({"device": None, "replicas": 3}, "unknown", None, ()),
        ({"device": "v5p-32"}, "unknown", None, ()),
        (device("quantum", "A100"), "unknown", None, ()),
        ({"device": {"kind": ["tpu"], "variant": "v5p-32"}}, "unknown", None, ()),
        ({"device": {"kind": {"a": 1}, "variant": {"b": []}}}, "unknown", None, ()),
        # mixed up
        (device("tpu", "A100"), "tpu", None, ()),
        (device("gpu", "v5p-32", 8), "gpu", None, (8,)),
        (device("gpu", "TPU v5p", 8), "gpu", None, (8,)),
        ({"gpu_count": 4, "accelerator_type": "v4"}, "gpu", None, (4,)),
        ({"tpu_type": None, "gpu_count": 4, "accelerator_type": "A100"}, "gpu", "A100", (4,)),
        ({"gpu_count": None, "accelerator_type": None, "num_cpus": 2}, "cpu", None, (1,)),
        ({"device": None, "tpu_type": "v5p-32"}, "tpu", "TPU v5p", (16,)),
        ({"device": {}, "gpu_count": 2, "accelerator_type": "A100"}, "gpu", "A100", (2,)),
        ({**device("gpu", "H100", 8), "tpu_type": "v5p-32", "slice_count": 3}, "gpu", "H100", (8,)),
        ({"tpu_type": "v5p-32", "gpu_count": 4, "accelerator_type": "A100"}, "tpu", "TPU v5p", (16,)),
    ],
)
def test_forms(resources: dict[str, Any], kind: str, part: str | None, chips: tuple[int, ...]) -> None:
    hardware = read_resources(resources)
    assert kind == hardware.kind
    assert part == (hardware.accelerator.name if hardware.accelerator else None)
    assert chips == hardware.chips


@pytest.mark.parametrize(
    ("resources", "name", "name_key", "count_key", "count"),
    [
        ({"tpu_type": "v5p-32", "slice_count": 2}, "v5p-32", ("tpu_type",), ("slice_count",), 2),
        ({"gpu_count": 4, "accelerator_type": "A100"}, "A100", ("accelerator_type",), ("gpu_count",), 4),
        (device("tpu", "v5p-32", replicas=3), "v5p-32", ("device", "variant"), ("replicas",), 3),
        ({"device": {"type": "v5p-32"}}, "v5p-32", ("device", "type"), ("replicas",), 1),
        (device("gpu", "H100", 8, 2), "H100", ("device", "variant"), ("device", "count"), 16),
        (device("cpu", "cpu"), "", (), ("replicas",), 1),
        ({"num_cpus": 8}, "", (), (), 1),
        ({}, "", (), (), 1),
    ],
)
def test_places(
    resources: dict[str, Any], name: str, name_key: tuple[str, ...], count_key: tuple[str, ...], count: int
) -> None:
    hardware = read_resources(resources)
    assert (name, name_key, count_key) == (hardware.name, hardware.name_key, hardware.count_key)
    assert count == hardware.count


def test_replicas_of_a_tpu_are_slices_or_hosts() -> None:
    assert (16,) == read_resources(device("tpu", "v5p-32", replicas=1)).chips
    assert (32, 16) == read_resources(device("tpu", "v5p-32", replicas=2)).chips
    # `slice_count` has one meaning.
    assert (32,) == read_resources({"tpu_type": "v5p-32", "slice_count": 2}).chips


HOSTILE_COUNTS = (0, -1, 1_000_001, 2**63, 10**307, 1e300, 0.5, -0.0, True, False, "4", "", [], [4], {}, {"a": 1})


@pytest.mark.parametrize("count", HOSTILE_COUNTS, ids=repr)
def test_what_is_no_count_leaves_the_chips_untold(count: object) -> None:
    for resources in (
        {"tpu_type": "v5p-32", "slice_count": count},
        {"gpu_count": count, "accelerator_type": "A100"},
        device("tpu", "v5p-32", replicas=count),
        device("gpu", "H100", count),
        device("gpu", "H100", 8, count),
        device("cpu", "cpu", replicas=count),
    ):
        hardware = read_resources(resources)
        assert () == hardware.chips
        assert 0 == hardware.count
        assert hardware.kind in ("tpu", "gpu", "cpu")


@pytest.mark.parametrize("count", [2, 2.0])
def test_integral_floats_are_counts(count: float) -> None:
    assert (32,) == read_resources({"tpu_type": "v5p-32", "slice_count": count}).chips
    assert (2,) == read_resources({"gpu_count": count, "accelerator_type": "A100"}).chips
    assert (4,) == read_resources(device("gpu", "H100", count, count)).chips


@pytest.mark.parametrize(
    "name", [None, 5, True, [], ["A100"], {}, {"A100": 1}, "a" * 100_000, "\0", "\uff21100"], ids=repr
)
def test_what_is_no_name_names_nothing(name: object) -> None:
    for resources in (
        {"tpu_type": name},
        {"gpu_count": 4, "accelerator_type": name},
        device("tpu", name),
        device("gpu", name, 8),
        device(None, name),
    ):
        hardware = read_resources(resources)
        assert None is hardware.accelerator
        assert None is hardware.slice
        assert () == hardware.peaks


# Peaks and overrides


def test_peaks_are_ours_first_and_of_one_chip() -> None:
    for resources, name in (
        ({"tpu_type": "v5p-32"}, "TPU v5p"),
        ({"gpu_count": 4, "accelerator_type": "V100"}, "V100"),
    ):
        part = find_accelerator(name)
        assert part is not None
        peaks = read_resources(resources).peaks
        assert part.peak_flops == peaks[0]
        assert all(peak > 0 for peak in peaks)
        assert part.sparse_peak not in peaks


def test_a_peak_of_a_core_is_not_multiplied_by_chips() -> None:
    part = find_accelerator("TPU v5p")
    assert part is not None
    of_cores = {other.flops for other in part.other_peaks if other.per not in (None, "chip")}
    assert set() == of_cores & set(read_resources({"tpu_type": "v5p-32"}).peaks)


@pytest.mark.parametrize(
    "resources",
    [
        {"tpu_type": "v5p-32"},
        {"gpu_count": 4, "accelerator_type": "A100"},
        {"gpu_count": 4, "accelerator_type": "Imaginator 9000"},
        {"num_cpus": 1},
        device("tpu", "v5p-32"),
        device("gpu", "auto"),
        device("cpu", "cpu"),
        {},
    ],
    ids=repr,
)
def test_override(resources: dict[str, Any]) -> None:
    plain = read_resources(resources)
    overridden = read_resources({**resources, "device_flops_override": 10**12})
    assert None is plain.override
    assert 1e12 == overridden.override
    assert (1e12,) == overridden.peaks
    assert (plain.kind, plain.chips, plain.accelerator) == (overridden.kind, overridden.chips, overridden.accelerator)
    for nothing in (None, 0, -1, -1e300, True, "1e12", [], {}):
        assert plain == read_resources({**resources, "device_flops_override": nothing})


def test_a_cpu_has_no_peak() -> None:
    assert () == read_resources({"num_cpus": 1}).peaks


# Anything at all

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
NAMES = st.sampled_from(["v5p-32", "A100", "auto", "gpu", "tpu", "cpu", "TPU v4"])
DEVICE = st.fixed_dictionaries({}, optional=dict.fromkeys(("kind", "variant", "type", "count"), ANYTHING | NAMES))
RESOURCES = st.fixed_dictionaries(
    {},
    optional={
        "device": ANYTHING | DEVICE,
        **dict.fromkeys(("replicas", "slice_count", "gpu_count", "num_cpus", "device_flops_override"), ANYTHING),
        **dict.fromkeys(("tpu_type", "accelerator_type"), ANYTHING | NAMES),
    },
)


@given(RESOURCES)
def test_any_resources_are_read(resources: dict[str, Any]) -> None:
    hardware = read_resources(resources)
    assert isinstance(hardware, Hardware)
    assert all(0 < chips < 10**14 for chips in hardware.chips)
    assert all(peak > 0 for peak in hardware.peaks)
    assert hardware.accelerator is None or hardware.kind == hardware.accelerator.kind
    assert hardware == read_resources(resources)
