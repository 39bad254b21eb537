"""The tables of people, places and lists. Moments are UTC, numbers are E.164, windows are pairs of HH:MM."""
