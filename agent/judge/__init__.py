"""Judging what is read: alert rules and their states. Pure: clocks and readings come in as arguments."""
