"""
A Google that lives in memory: OAuth 2.0, Gmail and Calendar for programs under test.

What is in this package is not imported by the library: `mailgrant.testing` and the commands `sandbox`
and `demo` are its only users.
"""
