"""A Stripe to try the shop with: a process of its own that answers the part of Stripe's API which the shop
uses, shows a hosted payment page for Stripe's documented test cards, remembers everything in one SQLite file,
and signs and delivers webhooks. It can be told to lie, stall and repeat itself. No money moves, and nothing
of the shop is imported here: the two only ever meet over HTTP."""

API_VERSION = "2026-05-27.dahlia"
