"""A small real model with real requests, for `outrider demo`: served, asked and logged as models are.

Nothing here runs in the daemon, which reads what the model's server prints, and knows nothing else of it.
"""
