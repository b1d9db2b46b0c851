"""Two clocks. Machine time (leases, deadlines, sessions) is the database's now(); business time
(terms, notices, offers) is now() plus the distributor's offset, which only sandbox distributors have and
only forwards."""

from datetime import datetime

from core import db, tenancy


def machine_now() -> datetime:
    """The database's now() of this transaction, UTC."""
    return db.session().info["now"]


def business_now() -> datetime:
    """Machine time plus the distributor's offset: what "today" means for terms and money."""
    return machine_now() + tenancy.current().offset
