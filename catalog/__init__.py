"""What is sold, and for how much: product types, products, plans, price lists, listings, pricing."""
