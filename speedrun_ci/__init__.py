"""Decides whether the numbers of a language-model training speedrun can be believed."""

__version__ = "0.1.0"
