"""`python -m tests.mutants [name ...]` takes guards away, all or by name, two at a time; it fails if one
survives."""

import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from tests.mutants import MUTANTS
from tests.mutants.trials import survives


def run(names: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Name and why it survived, or nothing, as they come; two at a time."""
    chosen = [mutant for mutant in MUTANTS if mutant.name in names]
    with ThreadPoolExecutor(2) as pool:
        yield from zip([mutant.name for mutant in chosen], pool.map(survives, chosen), strict=True)


def main(names: Sequence[str]) -> int:
    """All or those named; 1 if a mutant survived."""
    if unknown := set(names) - {mutant.name for mutant in MUTANTS}:
        sys.stderr.write(f"no such mutant: {', '.join(sorted(unknown))}\n")
        return 2
    survived = 0
    for name, why in run(names or [mutant.name for mutant in MUTANTS]):
        survived += bool(why)
        sys.stdout.write(f"  {name:<34} {'SURVIVED' if why else 'red, as it must be'}\n{why}")
        sys.stdout.flush()
    return 1 if survived else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
