"""The crash campaign (QP1, QC1): a whole installation as processes, customers who order over HTTP and pay at
the Stripe sandbox, a vendor without idempotency that answers late, wrongly, never, or refuses for good, while
everything is killed, frozen, wiped and restarted. Afterwards the vendor's books, Stripe's and the inbox are
compared with ours: nothing lost, nothing doubled (an order, a charge, a licence, a mail), what was refused
given back once, no web worker left of a dead server, and the doctor has nothing to say.
`python -m tests.campaign --help`."""
