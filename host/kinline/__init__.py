"""Kinline's host: brokers every handset's calls to the central switch."""
