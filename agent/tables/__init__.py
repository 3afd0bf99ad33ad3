"""Tables in files: what a model was made from, read in chunks. See README.md."""
