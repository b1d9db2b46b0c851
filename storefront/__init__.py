"""Everything that speaks HTTP or sends mail, and the command line."""
