"""The shell that blocks, written from `_async` by `scripts/unasync.py`; only `waiting` is by hand."""
