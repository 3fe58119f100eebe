"""The shell that waits with `await`, written by hand; `_sync` is written from it."""
