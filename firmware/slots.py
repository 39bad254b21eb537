"""The two copies of the application: which one starts, and how one that fails is left behind.

Outside both, like the handset's identity, so that no update rewrites it. boot.py chooses with it; the update, and
whoever asks what is installed, use it too. A file that must never be half written is written beside its place and
renamed: littlefs does that whole or not at all.
"""

import io
import json
import os
import sys
import time
from binascii import hexlify
from hashlib import sha256

NAMES = ("a", "b")
TRIES = 3  # starts in which a new application proves itself, and failures in a row that a proven one is allowed
MANIFEST = "manifest.json"  # a slot's last file to be written: without it, the slot is empty
BUILD = "build.txt"
_STATE = "slots.json"
_PIECE = 512
_MARK = 0x4B  # opens the RTC's memory, which outlives a reset: mark, failures in a row, name of the last exception
_FAULT_PAUSE_MS = 600  # no storm of resets; the external watchdog may bite 900 ms after its last kick, up to 250 ago

root = "/"
running = NAMES[0]  # boot.py's choice


class State:
    """run is the slot that has proved itself; trial, with so many starts left, is to; fell names one that failed to."""

    def __init__(self, run, trial="", left=0, fell=""):
        self.run = run
        self.trial = trial
        self.left = left
        self.fell = fell

    def save(self):
        """Raises OSError when the flash takes no more."""
        record = {"run": self.run, "trial": self.trial, "left": self.left, "fell": self.fell}
        replace(root + _STATE, json.dumps(record).encode())


def load():
    """What was saved; without that, the first slot that holds an application."""
    try:
        with open(root + _STATE) as file:
            record = json.load(file)
        state = State(record["run"], record["trial"], record["left"], record["fell"])
        if state.run in NAMES and state.trial in ("",) + NAMES and type(state.left) is int:
            return state
    except (OSError, ValueError, KeyError, TypeError):
        pass
    for name in NAMES:
        if build(name):
            return State(name)
    return State(NAMES[0])


def other(name):
    return NAMES[1 - NAMES.index(name)]


def path(name, file=""):
    return root + name + ("/" + file if file else "")


def build(name):
    """The version and build of a slot, "" when it is empty."""
    try:
        os.stat(path(name, MANIFEST))
        with open(path(name, BUILD)) as file:
            return file.read().strip()
    except OSError:
        return ""


def whole(name):
    """Whether every file of the slot is there as its manifest says."""
    try:
        with open(path(name, MANIFEST)) as file:
            manifest = json.load(file)
        for name_in_slot, _size, wanted in manifest["files"]:
            if digest(path(name, name_in_slot)) != wanted:
                return False
        return True
    except (OSError, ValueError, KeyError, TypeError):
        return False


def digest(name):
    """SHA-256 of a file, in hex."""
    total = sha256()
    buffer = bytearray(_PIECE)
    view = memoryview(buffer)
    with open(name, "rb") as file:
        while True:
            count = file.readinto(buffer)
            if not count:
                return hexlify(total.digest()).decode()
            total.update(view[:count])


def replace(name, data):
    """Write a file whole or not at all."""
    with open(name + ".new", "wb") as file:
        file.write(data)
    os.rename(name + ".new", name)


def choose(state, failures):
    """The slot to start. Counts a start on trial before it happens; an old application's failures are in the RTC."""
    if state.trial:
        try:
            if state.left > 0 and whole(state.trial):
                state.left -= 1
                state.save()
                return state.trial
            state.fell = build(state.trial) or state.trial
            state.trial = ""
            state.save()
        except OSError:
            pass  # a start that cannot be counted is not to be tried: it might be the one that never ends
        return state.run
    if failures >= TRIES or not build(state.run):
        spare = other(state.run)
        if whole(spare):
            return spare
    return state.run


def start(machine):
    """Choose the slot and put it where modules are looked for."""
    global running
    memory = machine.RTC()
    failures, fault = recall(memory.memory())
    if fault or machine.reset_cause() == machine.WDT_RESET:
        failures = min(failures + 1, 255)
    memory.memory(_remember(failures, fault))
    running = choose(load(), failures)
    sys.path.insert(0, path(running))


def recall(memory):
    """Failures in a row, and the name of the exception that caused this boot, from the RTC's memory."""
    if len(memory) >= 2 and memory[0] == _MARK:
        return memory[1], bytes(memory[2:]).decode()
    return 0, ""


def _remember(failures, fault=""):
    return bytes((_MARK, failures)) + fault.encode()


def take_fault(machine):
    """The name of the exception that caused this boot, told once."""
    memory = machine.RTC()
    failures, fault = recall(memory.memory())
    memory.memory(_remember(failures))
    return fault


def settled(machine):
    """The application runs: what failed before it is forgiven."""
    machine.RTC().memory(_remember(0))


def prove():
    """The application on trial is the one from now on. True if it was on trial; raises OSError when the flash is full."""
    state = load()
    if state.trial != running:
        return False
    state.run, state.trial, state.left, state.fell = running, "", 0, ""
    state.save()
    return True


def on_trial():
    return load().trial == running


def fail(error):
    """Restart after an exception. Its name and place alone are told: its text might hold what a caller dialled."""
    import machine

    memory = machine.RTC()
    memory.memory(_remember(recall(memory.memory())[0], type(error).__name__))
    try:
        _print_place(error)
    except Exception:  # a heap that is full, say: to restart matters more
        print(type(error).__name__)
    time.sleep_ms(_FAULT_PAUSE_MS)
    machine.reset()


def _print_place(error):
    """The exception's traceback and type, for the service UART."""
    whole = io.StringIO()
    sys.print_exception(error, whole)
    for line in whole.getvalue().split("\n"):
        # MicroPython writes the text behind the last of these, in as many lines as it has.
        if not line.startswith("Traceback ") and not line.startswith('  File "'):
            break
        print(line)
    print(type(error).__name__)
