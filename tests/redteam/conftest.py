"""The table of the red team, shown at the end of every test run that has one."""

from collections.abc import Callable

import pytest

TABLE = pytest.StashKey[str]()


@pytest.fixture(scope="session")
def show_table(pytestconfig: pytest.Config) -> Callable[[str], None]:
    """Return a function that keeps a table for the terminal summary."""

    def show(table: str) -> None:
        pytestconfig.stash[TABLE] = table

    return show


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if table := config.stash.get(TABLE, ""):
        terminalreporter.section("red team")
        terminalreporter.write_line(table)
