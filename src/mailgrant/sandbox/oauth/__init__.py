"""Who is who: clients, consents, tokens and service accounts, and the pages and endpoints that deal in them."""
