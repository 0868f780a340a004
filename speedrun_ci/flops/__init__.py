"""FLOPs of a model: closed forms over its configuration."""
