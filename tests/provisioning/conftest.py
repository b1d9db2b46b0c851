"""A vendor to deliver from, shared by the tests of this folder and emptied before each."""

from collections.abc import Generator

import pytest

from tests.vendors import Vendor, running_vendor


@pytest.fixture(scope="session")
def _vendor_process(tmp_path_factory: pytest.TempPathFactory) -> Generator[Vendor]:
    with running_vendor(tmp_path_factory.mktemp("vendor")) as vendor:
        yield vendor


@pytest.fixture
def vendor(_vendor_process: Vendor) -> Vendor:
    _vendor_process.forget_everything()
    return _vendor_process
