"""Lasting: grants, pending consents and clients, sealed; the rules of who may change what."""
