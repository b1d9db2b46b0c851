"""A vendor of Microsoft-365-like seats that really answers over HTTP, remembers what it sold, counts every
purchase it made, and can be told to misbehave. It speaks the contract of docs/connector-http.md and knows
nothing of the shop.
"""
