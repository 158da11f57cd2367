"""What `benchmarks/fuzz.py` and the tests feed to every reader of files of others."""
