"""What all failures have in common that whoever asked can mend."""


class Failure(Exception):
    """Something asked for that cannot be done, for a known reason: the text names the place and the next step."""
