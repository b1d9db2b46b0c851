"""What every test process keeps to its end (the product, the tests, what pytest knows of them: a million
objects) is not looked through for garbage again and again, which would be a sixth of its time."""

import gc


def pytest_collection_finish() -> None:
    """Everything that is there now stays; what comes is looked through when there is more of it."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)
