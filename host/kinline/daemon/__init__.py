"""The daemon: the only place where rules, calls and accounts meet serial ports, SIP and the database.

Nothing is imported here: `kinline config check` asks one module, and does not wait for the engine.
"""
