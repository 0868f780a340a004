"""Decides whether the numbers of a language-model training speedrun can be believed."""

__version__ = "0.1.0"

RULESET = "2026.11"
"""Version of the rules and tolerances under which verdicts are given; raised whenever either changes."""
