"""Measurements of the running parts: `python -m tests.perf`, or `make perf`. Not collected by pytest."""
