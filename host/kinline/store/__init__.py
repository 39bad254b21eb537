"""The database: people, money, call records and the audit log, each operation one short transaction.

Nothing is imported here: who only names what can go wrong, or what a record holds, does not wait for SQLAlchemy.
"""
