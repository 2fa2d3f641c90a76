"""Benchmarks on the real ledgers; `make bench` runs them and prints one table."""
