"""The control API under `/_sandbox/`: its calls, its page, and the faults it injects."""
