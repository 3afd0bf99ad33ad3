"""Tailing: whole lines of files and of the journal, each once, with the place after them. See README.md."""
