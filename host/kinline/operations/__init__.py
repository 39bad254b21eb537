"""What staff can do: each operation declared once, served over HTTP and on the command line alike.

Nothing is imported here: the command needs one noun's operations at a time, and its list of nouns without any.
"""
