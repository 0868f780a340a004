"""The two ways in which a speedrun stops with one line instead of a traceback."""


class UsageError(Exception):
    """What was asked for cannot be done as asked: an argument or a configuration is wrong. Exit code 2."""


class RunError(Exception):
    """A run could not be finished, or what it left on disk cannot be trusted. Exit code 1."""
