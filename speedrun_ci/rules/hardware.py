"""SR403 to SR408: what is known of the hardware a run names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from speedrun_ci.fields import show
from speedrun_ci.finding import Confidence, Severity
from speedrun_ci.hardware import match_peak
from speedrun_ci.numbers import number
from speedrun_ci.resources import contradiction
from speedrun_ci.rules.base import Example, Rule, Subject
from speedrun_ci.run_values import DEVICE_FLOPS, HARDWARE_FLOPS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from speedrun_ci.finding import Finding
    from speedrun_ci.resources import Hardware


class NumDevices(Rule):
    """`num_devices` counts neither chips nor cores.

    What is wrong:
        `num_devices` is neither the number of chips that `resources` name nor, for a TPU, that of its TensorCores.

    Why it matters:
        The run used other hardware than it declares.

    How to fix it:
        Declare the hardware that was used.
    """

    code = "SR403"
    name = "num-devices"
    since = "2026.11"
    fires = Example("jax showed 8 devices on 16 chips", edits={"/num_devices": 8})
    silent = Example("TensorCores are counted", edits={"/num_devices": 32})

    def check(self, subject: Subject) -> Iterator[Finding]:
        """Report every device count that fits no reading of the resources."""
        for checked in subject.runs:
            devices, hardware = checked.run.info.num_devices, checked.analysis.hardware
            if devices is None or not hardware.chips:
                continue
            per_chip = hardware.slice.cores // hardware.slice.chips if hardware.slice else 1
            # `replicas` may have two readings; num_chips says which one is meant.
            stated = checked.run.info.num_chips
            readings = (stated,) if stated in hardware.chips else hardware.chips
            accepted = sorted({chips * factor for chips in readings for factor in (1, per_chip)})
            if devices not in accepted:
                yield self.finding(
                    checked.place(("num_devices",)),
                    "num_devices",
                    expected=" or ".join(f"{count:,}" for count in accepted),
                    submitted=f"{devices:,}",
                    hint="Declare in resources the hardware that jax showed.",
                )


class UnknownAccelerator(Rule):
    """The accelerator is not in our table.

    What is wrong:
        `resources` name no accelerator, or `auto`, or one that `speedrun_ci/hardware.toml` does not list.

    Why it matters:
        Nobody but the submission says what its peak is, so hardware FLOPs cannot be recomputed: the level stays
        `declared`.

    How to fix it:
        Name the accelerator that was used. If it is missing from the table, add a row with its datasheet.
    """

    code = "SR404"
    name = "unknown-accelerator"
    severity = Severity.WARNING
    confidence = Confidence.LOW
    since = "2026.11"
    fires = Example(
        "the accelerator is `auto`",
        edits={
            "/resources": {"device": {"kind": "gpu", "variant": "auto", "count": 16}, "replicas": 1},
            "/num_devices": 16,
        },
    )

    def check(self, subject: Subject) -> Iterator[Finding]:
        """Report every accelerator without a row, unless the run is on a CPU."""
        for checked in subject.runs:
            hardware = checked.analysis.hardware
            unknown = hardware.accelerator is None or (hardware.kind == "tpu" and hardware.slice is None)
            if hardware.kind != "cpu" and checked.run.info.resources is not None and unknown:
                yield self.finding(
                    checked.place(("resources", *hardware.name_key)),
                    "resources",
                    expected="an accelerator or slice that hardware.toml lists",
                    submitted=show(hardware.name) if hardware.name else "none",
                    hint="Name what was used under accelerator_type, tpu_type or device.variant; without its peak the "
                    "level stays declared.",
                )


class DeviceFlopsOverride(Rule):
    """The peak is the submission's own.

    What is wrong:
        `resources.device_flops_override` replaces the peak of our table.

    Why it matters:
        A lower peak makes a run look cheaper on the axis of hardware FLOPs.

    How to fix it:
        Remove the override if the accelerator is in the table. On a CPU it is required, and only the demo track takes
        such runs.
    """

    code = "SR405"
    name = "device-flops-override"
    severity = Severity.WARNING
    since = "2026.11"
    fires = Example("the peak is overridden by itself", edits={"/resources/device_flops_override": 459e12})

    def check(self, subject: Subject) -> Iterator[Finding]:
        """Report every override; on a CPU of the demo track it is as it should be."""
        for checked in subject.runs:
            hardware = checked.analysis.hardware
            if hardware.override is None:
                continue
            demo = hardware.kind == "cpu" and checked.run.is_demo
            part = hardware.accelerator
            ours = f"null, and so our peak of {number(part.peak_flops)} FLOP/s" if part else "null"
            yield self.finding(
                checked.place(("resources", "device_flops_override")),
                "resources.device_flops_override",
                expected=ours,
                submitted=f"{number(hardware.override)} FLOP/s",
                hint="No table has CPU peaks; the demo track accepts a stated one."
                if demo
                else "Remove it unless the accelerator is missing from the table; say in the README where it is from.",
                severity=Severity.INFO if demo else Severity.WARNING,
            )


class UnverifiedPeak(Rule):
    """The peak of this accelerator is not verified.

    What is wrong:
        Our table has a peak for the accelerator, but nobody has confirmed it with a datasheet.

    Why it matters:
        A difference from it alone proves nothing, so it only warns; figures that contradict each other still block.

    How to fix it:
        Nothing. If you have the datasheet, correct the row in `speedrun_ci/hardware.toml`.
    """

    code = "SR406"
    name = "unverified-peak"
    severity = Severity.INFO
    since = "2026.11"
    fires = Example(
        "a B300 is used",
        edits={
            "/resources": {"accelerator_type": "B300", "gpu_count": 16, "device_flops_override": None},
            "/device_flops": 2.25e15,
            "/training_hardware_flops": 2.25e15 * 16 * 1500.0,
        },
    )

    def check(self, subject: Subject) -> Iterator[Finding]:
        """Report every accelerator whose peak is marked unverified."""
        for checked in subject.runs:
            part = checked.analysis.hardware.accelerator
            if part is not None and not part.verified:
                yield self.finding(
                    checked.place(("resources", *checked.analysis.hardware.name_key)),
                    "resources",
                    expected="an accelerator with a confirmed datasheet",
                    submitted=part.name,
                    hint=f"Our peak, {number(part.peak_flops)} FLOP/s, is unverified: a difference alone warns.",
                )


class OtherPeak(Rule):
    """The peak is another tool's.

    What is wrong:
        `device_flops`, or where it is absent the peak that `training_hardware_flops` implies, is not the datasheet's
        but a figure that tools have long used for the same part. It is a warning if it is lower.

    Why it matters:
        It is no fault of the submission, but runs at different peaks cannot be compared on hardware FLOPs: they are
        recomputed, and ranked, at the datasheet's.

    How to fix it:
        Nothing; new runs should use the datasheet's.
    """

    code = "SR407"
    name = "other-peak"
    severity = Severity.INFO
    since = "2026.11"
    fires = Example(
        "a V100 at the PCIe card's peak",
        edits={
            "/resources": {"accelerator_type": "V100", "gpu_count": 16, "device_flops_override": None},
            "/device_flops": 112e12,
            "/training_hardware_flops": 112e12 * 16 * 1500.0,
        },
    )

    def check(self, subject: Subject) -> Iterator[Finding]:
        """Report every peak that is accepted although it is not the datasheet's."""
        for checked in subject.runs:
            hardware, submitted = checked.analysis.hardware, checked.analysis.peak
            if hardware.accelerator is None or submitted is None or hardware.override is not None:
                continue
            match, other = match_peak(hardware.accelerator, submitted)
            if match == "other" and other is not None and other.flops in hardware.peaks:
                lower = submitted < hardware.accelerator.peak_flops
                key = DEVICE_FLOPS if checked.run.info.device_flops is not None else HARDWARE_FLOPS
                yield self.finding(
                    checked.place(key),
                    key[0],
                    expected=f"a peak of {number(hardware.accelerator.peak_flops)} FLOP/s, the datasheet's",
                    submitted=f"{number(submitted)} FLOP/s",
                    hint=f"Accepted: {other.source}. Hardware FLOPs are ranked at the datasheet's.",
                    severity=Severity.WARNING if lower else Severity.INFO,
                )


class ResourcesContradict(Rule):
    """The resources name two kinds of hardware.

    What is wrong:
        `resources` have two of the forms that the file has had, or two names of one device, and they name different
        hardware.

    Why it matters:
        A reader of one form sees other hardware than a reader of the other: the cheaper one would count.

    How to fix it:
        Keep the form that names what was used.
    """

    code = "SR408"
    name = "resources-contradict"
    since = "2026.12"
    fires = Example(
        "GPUs are named beside the slice",
        edits={"/resources/gpu_count": 4, "/resources/accelerator_type": "A100"},
    )
    silent = Example(
        "the other form is null", edits={"/resources/gpu_count": None, "/resources/accelerator_type": None}
    )

    def check(self, subject: Subject) -> Iterator[Finding]:
        """Report every run whose resources have two readings."""
        for checked in subject.runs:
            found = contradiction(checked.run.resource_keys)
            if found is not None:
                one, other = (f"{number(it.chips[0]) if it.chips else '?'} chips of {_named(it)}" for it in found)
                yield self.finding(
                    checked.place(("resources",)),
                    "resources",
                    expected="one kind of hardware",
                    submitted=f"{one} and {other}",
                    hint="Keep the form that names what was used.",
                )


def _named(hardware: Hardware) -> str:
    return show(hardware.name) if hardware.name else f"an unnamed {hardware.kind}"
