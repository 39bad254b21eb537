"""What can be wrong with a recording or its key."""


class RecordingError(Exception):
    """It cannot be used; the text names the file and the next step."""
