"""The frame: how a request becomes a call of an API method, checked, counted and answered in Google's form."""
