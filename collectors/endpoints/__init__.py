"""`/metrics` of model servers: fetched, read, and what their names mean."""
