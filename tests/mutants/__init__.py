"""Guards are proved by taking them away: each mutant is one change of one file, and the test that must then
fail (docs/testing.md). They are listed by the room of the guarded file, in the order of those files;
`partners/` has four lists."""

from tests.mutants import (
    billing,
    catalog,
    checkout,
    core,
    customers,
    joining,
    partners,
    provisioning,
    relations,
    storefront,
)

MUTANTS = (
    *core.MUTANTS,
    *joining.MUTANTS,
    *partners.MUTANTS,
    *customers.MUTANTS,
    *relations.MUTANTS,
    *catalog.MUTANTS,
    *billing.MUTANTS,
    *checkout.MUTANTS,
    *provisioning.MUTANTS,
    *storefront.MUTANTS,
)
GATE = ("settle", "deadline", "lock", "look-up")
"""Those that random crashes hardly ever expose: taken away in every run of the tests."""
