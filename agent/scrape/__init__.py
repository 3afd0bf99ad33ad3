"""What happened between two looks at a server's totals."""
