"""Foreign SIP programs as far ends and switches: sipp, baresip, Asterisk 22. Loopback only, on free ports.

Each is a context manager: inside it the program answers, after it nothing that the program started is left.
"""
