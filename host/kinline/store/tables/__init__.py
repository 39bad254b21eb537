"""The tables of people, places, lists and money. Moments are UTC, numbers are E.164, windows are pairs of HH:MM."""
