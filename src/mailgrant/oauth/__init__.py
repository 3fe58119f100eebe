"""OAuth 2.0 with Google: pure nouns and conversations; the shells do the travelling."""
