"""A name server to try things with: it knows the TXT records that somebody has set on its page, and nothing
else. It answers over TCP on loopback, so that the shop asks it the way it asks any name server."""
