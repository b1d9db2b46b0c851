"""The demo's mailbox: an SMTP server that takes every mail for anybody, keeps it, and shows it on a page.

It delivers nothing. Two domains are for trying what goes wrong: `@refused.example` is refused for good (550)
and `@later.example` for now (451).
"""
