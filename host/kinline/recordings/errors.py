"""What can be wrong with a recording or its key."""

from kinline.failure import Failure


class RecordingError(Failure):
    """It cannot be used; the text names the file and the next step."""
