"""Acts that start at the same instant, each in a thread: how the tests make races happen."""

import threading
from collections.abc import Callable
from typing import Any


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """Runs the acts together behind one gate; what each returned, or the exception it raised, in the order
    given."""
    gate, ends = threading.Barrier(len(acts)), list[Any]([None] * len(acts))

    def run(place: int, act: Callable[[], Any]) -> None:
        gate.wait()
        try:
            ends[place] = act()
        except BaseException as error:
            ends[place] = error

    threads = [threading.Thread(target=run, args=(place, act)) for place, act in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return ends


def raised(ends: list[Any]) -> list[BaseException]:
    """Those that ended with an exception."""
    return [end for end in ends if isinstance(end, BaseException)]
