"""The handset link's host side: reliable control, clock relation, sessions. Pure; the engine moves the bytes."""
