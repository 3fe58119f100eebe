"""Calendars as Google keeps them: events, recurrence, guests. No method of the API is answered here."""
