"""The standing right: who owns it, what it allows, its licences and seats."""
