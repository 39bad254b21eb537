"""The central switch, reached over SIP."""
