"""The daemon's own socket: which calls are on, listening to one, speaking into it, cutting it."""
