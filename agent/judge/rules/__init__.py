"""What an alert rule is: its text, and what it means."""
