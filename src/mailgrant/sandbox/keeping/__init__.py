"""What `--data` keeps: a sandbox in an archive, and back."""
