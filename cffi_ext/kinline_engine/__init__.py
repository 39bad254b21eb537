"""The Kinline audio, link and SIP engine: typed Python over the C module `_kinline_engine`."""
