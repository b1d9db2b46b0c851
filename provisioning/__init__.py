"""Delivery at the vendors: deliveries, fulfilment, connectors."""
