"""Worker: refreshes ahead of time, tries again what Google refuses, and tells when a grant changes."""

from __future__ import annotations

from .changes import Change
from .rounds import run_worker, workers_of

__all__ = ["Change", "run_worker", "workers_of"]
