"""Processes that are killed between any two lines of ours (QC1, QC5). A story is played by a process that
counts every line it executes in our packages and kills itself at the chosen one; a clean process goes on with
what is left, and the books must be those of the undisturbed story: at the vendor, at the card gateway, in
the inbox, in every table. `python -m tests.line_kills --help`; docs/testing.md says how to read it.

    strikes.py    at which line, and what happens there
    stage.py      the servers, the world as it was when the story began, and what the clean process does
    portraits.py  everything that a story may leave behind, to be compared
    stories.py    the stories
    sweeps.py     which lines are tried, and what came of it"""
