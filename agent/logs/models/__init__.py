"""What becomes of a model's records: quality, inputs, drift, samples."""
