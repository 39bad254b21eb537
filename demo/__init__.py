"""`make demo`: one whole site on a laptop, with two calls made, checked and shown."""
