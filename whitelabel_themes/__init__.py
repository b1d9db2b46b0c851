"""Looks, and nothing else: themes, their settings and tokens, the components every page is built of, and the
static files. Imports nothing of the other packages and no web framework, so a theme can be drawn and judged
without a shop."""
