"""Who may sell: storefronts and their addresses, invitations and relationships."""
