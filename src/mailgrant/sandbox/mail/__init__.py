"""Mail as Gmail keeps it: mailboxes, messages, labels, search, delivery. No method of the API is answered here."""
