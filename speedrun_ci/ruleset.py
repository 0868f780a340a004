"""The versions of the rules and tolerances under which verdicts are given."""

from __future__ import annotations

RULESETS = {
    "2026.11": "The first: form, identities, hardware, plausibility of single figures, the demo track.",
    "2026.12": "Originality: the tree, the base revision and the ledger of known runs. Overrides are recomputed at our "
    "peak. File kinds, colliding names, README figures, epochs, repeated seeds, quality beyond any known run.",
}
"""Every ruleset there has been and what it brought, oldest first. A rule or tolerance that changes begins a new one."""

RULESET = list(RULESETS)[-1]
"""The ruleset of this version."""
