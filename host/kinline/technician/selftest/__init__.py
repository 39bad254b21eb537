"""The self-test of a board: each wire, sensor and key, the mute, the sound and the line. One file a part; `plan` has the order.

A check asks a person's hand for something, looks for the proof, and fails with a Trouble that has exactly one next step.
"""
