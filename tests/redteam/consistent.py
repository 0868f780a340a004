"""Measurements, hardware and claims falsified so that every identity holds: what only the W&B run, or nothing, shows.

`docs/security.md` names each of them.
"""

import copy
from typing import Any

from .arithmetic import C4, chips_of_slice, hardware_times, is_number, model_mfu, refit, scale, scaled
from .catalogue import Catalogue, Change, Evidence, Info
from .hardware import name_of

TAMPERINGS = Catalogue()

SYNTHETIC = "eval/synthetic/bpb"


# ------------------------------------------------------------------------------------------ measured figures


def _time(factor: float) -> Change:
    def change(info: Info) -> Info | None:
        info["training_time"] *= factor
        hardware_times(info, factor)
        # An MFU above 1 is what plausibility objects to.
        return None if model_mfu(info) >= 1 else info

    return change


for _name, _description, _factor in (
    ("time-less-by-a-percent", "a percent less time", 0.99),
    ("time-less-by-a-tenth", "a tenth less time", 0.9),
    ("time-half", "half of the time", 0.5),
    ("time-less-its-compilation", "the first, slow steps left out", 0.97),
    ("time-less-its-evaluations", "time without something that it includes", 0.95),
    ("time-since-the-last-resumption", "the time of the last segment of a resumed run", 0.7),
    ("time-of-the-fastest-step", "the fastest step's time for all steps", 0.8),
    ("time-in-other-units", "milliseconds for seconds (a disadvantage, and wrong)", 1000.0),
):
    TAMPERINGS.add(
        _name,
        f"{_description}, and hardware FLOPs follow",
        "wandb",
        _time(_factor),
        shown_by="the sum of `throughput/duration` over distinct steps, bounded by createdAt and heartbeatAt",
    )


def _quality(change_of: float) -> Change:
    """Lower bits per byte, and the loss with them where it is recorded."""

    def change(info: Info) -> Info | None:
        if not is_number(info.get(C4)):
            return None
        info[C4] *= change_of
        scale(info, C4.replace("bpb", "loss"), change_of)
        return info

    return change


for _name, _factor in (
    ("bpb-less-by-a-thousandth", 0.999),
    ("bpb-less-by-a-percent", 0.99),
    ("bpb-in-nats", 0.6931471805599453),
    ("bpb-of-a-token", 4.4),
):
    TAMPERINGS.add(
        _name,
        f"bits per byte x {_factor:g}, and the loss with them where it is recorded",
        "wandb",
        _quality(_factor),
        shown_by="`eval/paloma/c4_en/bpb` in the history",
    )


@TAMPERINGS.change("wandb", shown_by="`eval/paloma/c4_en/bpb` in the history; a table of the set's tokens and bytes")
def bytes_raised_and_bpb_lowered(info: Info) -> Info | None:
    """Bits per byte a tenth lower, and the bytes of the evaluation set a ninth more."""
    size = C4.replace("bpb", "bytes")
    if not is_number(info.get(size)):
        return None
    scale(info, size, 10 / 9)
    return scaled(info, {C4: 0.9})


@TAMPERINGS.change("wandb", shown_by="`eval/paloma/c4_en/bpb` in the history")
def bpb_within_the_tolerance_of_its_identity(info: Info) -> Info | None:
    """Bits per byte 0.09% lower where loss, tokens and bytes are recorded."""
    return info if is_number(info.get(C4.replace("bpb", "bytes"))) and scale(info, C4, 0.9991) else None


@TAMPERINGS.change("wandb", shown_by="`eval/paloma/c4_en/bpb` in the history")
def loss_tokens_and_bytes_made_up(info: Info) -> Info | None:
    """Loss, tokens and bytes are added that make bits per byte a percent lower consistent."""
    loss, tokens, size = (C4.replace("bpb", part) for part in ("loss", "tokens", "bytes"))
    if not is_number(info.get(C4)) or is_number(info.get(loss)):
        return None
    info[C4] *= 0.99
    info |= {loss: info[C4] * 0.6931471805599453 * 4.4, tokens: 1_000_000, size: 4_400_000}
    return info


@TAMPERINGS.change("wandb", shown_by="`eval/paloma/c4_en/bpb` of the last step in the history")
def best_evaluation_in_place_of_the_last(info: Info) -> Info | None:
    """The best evaluation of the run rather than that of its last step."""
    return _quality(0.998)(info)


@TAMPERINGS.change("replication", shown_by="training the demo run again, a minute on a CPU")
def demo_quality_at_the_entropy(info: Info) -> Info | None:
    """A demo run's bits per byte and loss are lowered almost to the entropy of its text."""
    if not is_number(info.get(SYNTHETIC)):
        return None
    scale(info, SYNTHETIC.replace("bpb", "loss"), 0.99)
    return info if scale(info, SYNTHETIC, 0.99) else None


# ------------------------------------------------------------------------------------------ hardware


def _fewer_chips(parts: int) -> Change:
    """Name a slice, or a number of GPUs, that is smaller by a whole factor."""

    def change(info: Info) -> Info | None:
        resources = info["resources"]
        device = resources.get("device") or {}
        name = name_of(info)
        chips = chips_of_slice(name[0][name[1]]) if name else None
        if name and chips is not None:
            kind, _, size = name[0][name[1]].partition("-")
            if int(size) % parts or chips % parts:
                return None
            name[0][name[1]] = f"{kind}-{int(size) // parts}"
        else:
            holder, key = (device, "count") if "count" in device else (resources, "gpu_count")
            if not is_number(holder.get(key)) or holder[key] % parts:
                return None
            holder[key] //= parts
        for key in ("num_chips", "num_devices"):
            scale(info, key, 1 / parts)
        hardware_times(info, 1 / parts)
        return None if model_mfu(info) >= 1 else info

    return change


for _parts in (2, 4):
    TAMPERINGS.add(
        f"chips-a-{'half' if _parts == 2 else 'quarter'}",
        f"hardware of 1/{_parts} of the size is declared, and everything follows",
        "wandb",
        _fewer_chips(_parts),
        shown_by="`num_devices` in the configuration, and tokens per second",
    )


@TAMPERINGS.change("wandb", shown_by="`num_devices` in the configuration")
def slices_one_less(info: Info) -> Info | None:
    """A slice less is declared, and everything follows."""
    resources = info["resources"]
    key = "slice_count" if is_number(resources.get("slice_count")) else "replicas"
    count, name = resources.get(key), name_of(info)
    if not is_number(count) or count < 2 or not name or chips_of_slice(name[0][name[1]]) == info.get("num_chips"):
        return None
    resources[key] = count - 1
    for figure in ("num_chips", "num_devices"):
        scale(info, figure, (count - 1) / count)
    hardware_times(info, (count - 1) / count)
    return info


@TAMPERINGS.change("wandb", shown_by="`num_devices` in the configuration")
def replicas_read_as_hosts(info: Info) -> Info | None:
    """The chips of one slice are reported where `replicas` counted several."""
    count, name = info["resources"].get("replicas"), name_of(info)
    chips = chips_of_slice(name[0][name[1]]) if name else None
    if not is_number(count) or count < 2 or chips is None or info.get("num_chips") != chips * count:
        return None
    for figure in ("num_chips", "num_devices"):
        scale(info, figure, 1 / count)
    hardware_times(info, 1 / count)
    return info


# Parts of the same or a lower peak, by the peak of one.
_SLICES = {"v4": 275e12, "v5litepod": 197e12}
_GPUS = {"H100 PCIe": 756.5e12, "A100": 312e12, "A40": 149.7e12}


def _slower_part(name: str, peak: float) -> Change:
    def change(info: Info) -> Info | None:
        found, before = name_of(info), info.get("device_flops")
        if not found or not before or before <= peak or info["resources"].get("device_flops_override"):
            return None
        chips = chips_of_slice(found[0][found[1]])
        if (chips is None) == (name in _SLICES):
            return None
        cores = 2 if name == "v4" else 1
        found[0][found[1]] = f"{name}-{chips * cores}" if chips else name
        if info.get("num_devices") and chips:
            info["num_devices"] = info["num_chips"]
        info["device_flops"] = peak
        hardware_times(info, peak / before)
        return None if model_mfu(info) >= 1 else info

    return change


for _name, _peak in (_SLICES | _GPUS).items():
    TAMPERINGS.add(
        f"declared-as-{_name}".lower().replace(" ", "-"),
        f"{_name} of a lower peak is declared, and everything follows",
        "wandb",
        _slower_part(_name, _peak),
        "verified",
        shown_by="`throughput/device_kind`",
    )


@TAMPERINGS.change("wandb", shown_by="`throughput/device_kind`; a board that uses our own peak")
def peak_within_its_tolerance(info: Info) -> Info | None:
    """device_flops is 0.09% below the datasheet's, and hardware FLOPs follow."""
    if info["resources"].get("device_flops_override") or not info.get("device_flops"):
        return None
    info["device_flops"] *= 0.9991
    hardware_times(info, 0.9991)
    return info


@TAMPERINGS.change("wandb", "hardware", shown_by="`throughput/device_kind`; a board that uses our own peak")
def lowest_accepted_peak(info: Info) -> Info | None:
    """A GPU is declared as a B100 at the peak that a tool gives it, which is that of an H100."""
    resources, before = info["resources"], info.get("device_flops")
    if not resources.get("accelerator_type") or not before or before < 1.75e15:
        return None
    resources["accelerator_type"] = "B100"
    info["device_flops"] = 9.895e14
    hardware_times(info, 9.895e14 / before)
    return info


@TAMPERINGS.change("wandb", "hardware", shown_by="`throughput/device_kind`; a board that uses our own peak")
def lowest_accepted_peak_unsaid(info: Info) -> Info | None:
    """A GPU is declared as a B100 at the peak of an H100, and device_flops is left out."""
    changed = lowest_accepted_peak(info)
    if changed is not None:
        del changed["device_flops"]
    return changed


# ------------------------------------------------------------------------------------------ whose and when


def _claimed(
    name: str, description: str, path: tuple[str, ...], value: object, evidence: Evidence, shown_by: str
) -> None:
    def change(info: Info) -> Info | None:
        holder: Any = info
        for key in path[:-1]:
            holder = holder[key]
        if holder.get(path[-1]) in (value, None):
            return None
        holder[path[-1]] = value
        return info

    TAMPERINGS.add(name, description, evidence, change, shown_by=shown_by)


_WHEN = ("run_completion_timestamp",)
_LINK = ("wandb_run_link",)
_claimed("date-earlier", "the run was completed earlier", _WHEN, "2025-05-14 00:00:00 UTC", "wandb", "heartbeatAt")
_claimed(
    "date-earlier-by-its-zone", "the zone makes it earlier", _WHEN, "2025-06-01T12:00:00+14:00", "wandb", "heartbeatAt"
)
_claimed(
    "somebody-elses-run",
    "another author claims the run",
    ("author", "name"),
    "Eve Example",
    "wandb",
    "the user of the W&B run; the ledger of known runs, for runs added since the base revision",
)
_claimed(
    "another-affiliation",
    "another affiliation is claimed",
    ("author", "affiliation"),
    "Stanford University",
    "wandb",
    "the user of the W&B run",
)
_claimed(
    "link-to-another-run",
    "the link leads to another, existing run",
    _LINK,
    "https://wandb.ai/example/speedrun/runs/other1",
    "wandb",
    "time, quality, devices and configuration of the linked run",
)
_claimed(
    "link-to-a-deleted-run",
    "the link leads nowhere",
    _LINK,
    "https://wandb.ai/example/speedrun/runs/gone00",
    "wandb",
    "the answer: no such run, so the level stays below corroborated",
)
_claimed("link-left-out", "the link is null", _LINK, None, "wandb", "its absence: the level stays below corroborated")


# ------------------------------------------------------------------------------------------ nothing but training again


def _invented(name: str, description: str, change: Change, shown_by: str) -> None:
    """Falsified in the file and, as its owner can, in the W&B run that it links to."""

    def linked(info: Info) -> Info | None:
        if not info.get("wandb_run_link"):
            return None
        info["wandb_run_link"] = "https://wandb.ai/example/speedrun/runs/made0up"
        return change(info)

    TAMPERINGS.add(name, description, "replication", linked, shown_by=shown_by)


_invented(
    "bpb-with-a-made-up-history",
    "bits per byte are lower, in an uploaded W&B history too",
    _quality(0.99),
    "training again; evaluating the published checkpoint",
)
_invented(
    "time-with-a-made-up-history",
    "time is shorter, in an uploaded W&B history too",
    _time(0.8),
    "training again on the same hardware",
)
_invented(
    "a-seed-picked-from-many",
    "the best of many seeds is submitted as the only run",
    _quality(0.9993),
    "replicates with seeds that the maintainers choose",
)


def _steps_unlogged(info: Info) -> Info | None:
    before = copy.deepcopy(info)
    if isinstance(info["train_config"]["train_batch_size"], list):
        return None
    if not scale(info["train_config"], "num_train_steps", 0.8):
        return None
    info["training_time"] *= 0.8
    return refit(before, info)


_invented(
    "steps-that-were-not-logged",
    "the first fifth of the steps is neither reported nor logged, the script says so too",
    _steps_unlogged,
    "training again",
)
_invented(
    "weights-that-were-not-random",
    "training began with trained weights, which nothing says",
    _quality(0.95),
    "training again; the first losses in the history are too low for random weights",
)
_invented(
    "evaluation-set-in-the-data",
    "the evaluation set was mixed into the training data behind their name",
    _quality(0.9),
    "training again on data of known digest",
)


@TAMPERINGS.change("replication", "formula", shown_by="training again")
def everything_made_up(info: Info) -> Info | None:
    """A run that never took place: configuration, figures, link and history fit together."""
    before = copy.deepcopy(info)
    if not info.get("wandb_run_link") or not is_number(info.get(C4)):
        return None
    scale(info["model_config"], "num_layers", 0.5)
    info["training_time"] *= 0.6
    info["wandb_run_link"] = "https://wandb.ai/example/speedrun/runs/made0up"
    return None if model_mfu(refit(before, info)) >= 1 else info
