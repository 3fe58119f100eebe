"""Calendar's grammar: its nouns, and one conversation per call. Nothing here travels or waits."""
