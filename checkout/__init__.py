"""From basket to funded order."""
