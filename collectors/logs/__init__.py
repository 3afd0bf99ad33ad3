"""Model logs: what is read of them, what a line says, and what becomes of it."""
