"""`python -m tests.line_kills [STORY...]`: kills a process at lines of every story, one after the other, and
says how many lines there were, at how many somebody died, and what was wrong then."""

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.line_kills.servers import running
from tests.line_kills.stage import Stage
from tests.line_kills.stories import STORIES
from tests.line_kills.strikes import Place
from tests.line_kills.sweeps import Sweep, Variant
from tests.mutants import MUTANTS, trials


def main() -> int:
    """1 when anything was wrong."""
    given = _given()
    if given.without:
        [mutant] = [mutant for mutant in MUTANTS if mutant.name == given.without]
        rest = [word for word in sys.argv[1:] if word not in ("--without", given.without)]
        return trials.run_without(mutant, "tests.line_kills", rest)
    chosen = [story for story in STORIES if not given.stories or story.name in given.stories]
    found: list[str] = []
    with tempfile.TemporaryDirectory(prefix="line-kills-") as room, running(Path(room)) as stage:
        for story in chosen:
            with _said(story.name):
                found += sweep(stage, Sweep(stage, story), given)
    _say("\n".join(found) or "Nothing was lost, nothing doubled, and the doctor is silent.")
    return 1 if found else 0


def sweep(stage: Stage, of: Sweep, given: argparse.Namespace) -> list[str]:
    """One story."""
    of.count()
    _say(f"  {sum(of.lines)} lines, {len(of.lines)} moments, {of.seconds:.1f} s")
    if given.portrait:
        _say("\n".join(f"    {name}: {what}" for name, what in of.wanted.items()))
    for variant in given.variants.split(","):
        chance, began = random.Random(given.seed), of.tried
        places = _places(of, given, chance)
        until = time.monotonic() + given.minutes * 60 if given.minutes else float("inf")
        for place in places:
            if time.monotonic() > until:
                break
            for wrong in of.strike(place, variant):
                _say(f"  {variant} {place}: {wrong}"[:3000])
        _say(f"  {variant}: {of.tried - began} of {len(places)} places")
    if of.missed:
        _say(f"  {of.missed} places were not come to")
    return of.found


def _places(of: Sweep, given: argparse.Namespace, chance: random.Random) -> list[Place]:
    if given.place:
        return [Place(*map(int, one.split(":"))) for one in given.place]
    places = list(of.every() if given.every else of.places(given.each, chance))
    chance.shuffle(places)
    return places[: given.most or None]


@contextmanager
def _said(name: str) -> Iterator[None]:
    _say(name)
    began = time.monotonic()
    yield
    _say(f"  {time.monotonic() - began:.0f} s")


def _say(words: str) -> None:
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


def _given() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.line_kills", description=__doc__)
    parser.add_argument("stories", nargs="*", help=f"of {', '.join(story.name for story in STORIES)}")
    parser.add_argument("--each", type=int, default=2, help="lines between two moments, besides the moment")
    parser.add_argument("--every", action="store_true", help="every executed line")
    parser.add_argument("--most", type=int, default=0, help="places of a story at most, chosen by the seed")
    parser.add_argument("--variants", default="kill", help=f"of {', '.join(Variant.__args__)}")
    parser.add_argument("--minutes", type=float, default=0, help="for a variant of a story at most")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--without", default="", help="a guard to take away (tests/mutants/): must end red")
    parser.add_argument("--portrait", action="store_true", help="say what there is to be in the end")
    parser.add_argument("--place", nargs="*", help="MOMENT:LINE, as it was said (-1: within the moment)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
