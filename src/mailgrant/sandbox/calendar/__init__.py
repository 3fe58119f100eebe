"""Calendar v3: a function for each method of its discovery document, grouped as the document groups them."""
