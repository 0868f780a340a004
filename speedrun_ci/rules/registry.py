"""Every rule there is. A rule that is not listed here does not exist."""

from __future__ import annotations

from typing import TYPE_CHECKING

from speedrun_ci.rules.arithmetic import (
    BpbIdentity,
    DeviceFlopsIdentity,
    FlopsPerTokenIdentity,
    ImpossibleModel,
    MfuIdentity,
    ModelFlopsIdentity,
    ModelSizeIdentity,
    NumChipsIdentity,
    TotalTokensIdentity,
    TrainingHardwareFlopsIdentity,
)
from speedrun_ci.rules.author import AuthorEmpty
from speedrun_ci.rules.changed import RunChanged, SeveralSubmissions
from speedrun_ci.rules.demo import DemoBelowEntropy, DemoTokenizer, DemoTrack
from speedrun_ci.rules.files import CollidingNames, FileKind
from speedrun_ci.rules.hardware import (
    DeviceFlopsOverride,
    NumDevices,
    OtherPeak,
    ResourcesContradict,
    UnknownAccelerator,
    UnverifiedPeak,
)
from speedrun_ci.rules.json_text import (
    JsonDuplicateKey,
    JsonEncoding,
    JsonNesting,
    JsonNotFinite,
    JsonOverflow,
    JsonSize,
    JsonSyntax,
)
from speedrun_ci.rules.known import KnownRunFigures, WandbRunKnown
from speedrun_ci.rules.layout import (
    FileTooLarge,
    ReadmeMissing,
    ResultsMissing,
    ScriptMissing,
    SpecialFile,
    TooManyEntries,
    UnsafeName,
)
from speedrun_ci.rules.originality import ResultsCopied, SeedsRepeated, WandbRunElsewhere, WandbRunTwice
from speedrun_ci.rules.plausibility import BpbRange, CompletionDate, Epochs, MfuRange, QualityBeyondCompute
from speedrun_ci.rules.readme import ReadmeFigures
from speedrun_ci.rules.results_form import (
    AuthorUrl,
    MissingKey,
    OutOfRange,
    ResultsShape,
    TimestampFormat,
    UnknownKey,
    WandbLink,
    WrongType,
)
from speedrun_ci.rules.tool import EvidenceMissing, NotRecomputable, RuleCrashed, SuppressionExpired
from speedrun_ci.rules.training_data import PretrainedWeights, TrainingData, Vocabulary

if TYPE_CHECKING:
    from speedrun_ci.rules.base import Rule

RULES: tuple[type[Rule], ...] = (
    RuleCrashed,
    EvidenceMissing,
    NotRecomputable,
    SuppressionExpired,
    ResultsMissing,
    ScriptMissing,
    ReadmeMissing,
    SpecialFile,
    FileTooLarge,
    UnsafeName,
    TooManyEntries,
    FileKind,
    CollidingNames,
    ReadmeFigures,
    SeveralSubmissions,
    JsonEncoding,
    JsonSyntax,
    JsonDuplicateKey,
    JsonNotFinite,
    JsonOverflow,
    JsonNesting,
    JsonSize,
    ResultsShape,
    MissingKey,
    WrongType,
    OutOfRange,
    TimestampFormat,
    AuthorUrl,
    UnknownKey,
    WandbLink,
    TotalTokensIdentity,
    ModelFlopsIdentity,
    TrainingHardwareFlopsIdentity,
    FlopsPerTokenIdentity,
    ModelSizeIdentity,
    BpbIdentity,
    MfuIdentity,
    ImpossibleModel,
    NumChipsIdentity,
    DeviceFlopsIdentity,
    NumDevices,
    UnknownAccelerator,
    DeviceFlopsOverride,
    UnverifiedPeak,
    OtherPeak,
    ResourcesContradict,
    CompletionDate,
    MfuRange,
    BpbRange,
    AuthorEmpty,
    TrainingData,
    Vocabulary,
    WandbRunTwice,
    DemoTrack,
    DemoBelowEntropy,
    DemoTokenizer,
    WandbRunElsewhere,
    ResultsCopied,
    SeedsRepeated,
    WandbRunKnown,
    KnownRunFigures,
    RunChanged,
    Epochs,
    QualityBeyondCompute,
    PretrainedWeights,
)
"""In the order of their codes."""


SUPPRESSIBLE = frozenset(rule.code for rule in RULES if not rule.code.startswith("SR0"))
"""Rules whose findings a maintainer may let pass. What was not checked stays said."""


def find_rule(name: str) -> type[Rule] | None:
    """Return the rule with this code or readable name, in any case."""
    return next((rule for rule in RULES if name.lower() in (rule.code.lower(), rule.name)), None)
