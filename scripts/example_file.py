"""Prints the results file of a rule's own example that fires, as a start for a file in `example-files/negative/`."""

from __future__ import annotations

import sys

from speedrun_ci.rules.example import results_text
from speedrun_ci.rules.registry import find_rule


def main() -> int:
    """Print the file of the rule that the argument names."""
    rule = find_rule(sys.argv[1]) if len(sys.argv) == 2 else None
    if rule is not None and rule.fires.edits is None and rule.fires.replace is None:
        print(f"{rule.code}: its example does not edit the results file, so it needs none", file=sys.stderr)
        return 2
    if rule is None:
        print("usage: python scripts/example_file.py CODE, a rule that is in the registry", file=sys.stderr)
        return 2
    print(results_text(rule.fires))
    return 0


if __name__ == "__main__":
    sys.exit(main())
