"""What a stranger needs to try the shop: embedded servers, simulators that really answer, an
inbox, the demo world.
"""
