"""One module per way of delivering. `base` is the contract, `registry` the list; no database anywhere."""
