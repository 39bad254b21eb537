"""Who this handset is: the device id and key given by provisioning, and which build runs."""

import json
from binascii import unhexlify

import slots

KEY_BYTES = 16


class Identity:
    def __init__(self, device, key, build):
        self.device = device
        self.key = key
        self.build = build


def load(device_path="/device.json"):
    """Read the identity; raises ValueError naming the file and what it lacks, which the service UART is told here."""
    try:
        with open(device_path) as file:
            record = json.load(file)
        key = unhexlify(record["key"])
        device = record["device"]
    except (OSError, ValueError, KeyError) as error:
        raise _lacking("%s: provision this handset (%r)" % (device_path, error)) from error
    if len(key) != KEY_BYTES or not 0 < len(device) <= 32:
        raise _lacking("%s: needs a device of 1 to 32 characters and a key of 32 hex digits" % device_path)
    return Identity(device, key, slots.build(slots.running) or "unversioned")


def _lacking(what):
    """Nothing has been dialled yet: unlike another exception's text this one may be printed."""
    print(what)
    return ValueError(what)
