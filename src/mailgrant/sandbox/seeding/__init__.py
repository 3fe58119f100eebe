"""What a sandbox holds from the beginning, and the files in which others write it down."""
