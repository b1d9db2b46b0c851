"""`make shots`: every page of every side in the states that matter, at 360 and 1280 px, light and dark, into
`shots/`, with a contact sheet. To be looked at.

python -m tests.shots                     an installation of its own, thrown away afterwards
python -m tests.shots FOLDER [WORD ...]   one that runs already; only chapters whose titles hold a word
"""
