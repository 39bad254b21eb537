"""The database's history: one file a change of the tables."""
