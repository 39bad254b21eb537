"""Run by a MicroPython VM: how many bytes one frame of sound each way leaves to the garbage collector. Prints sent, received."""

import gc
import os

from bench import Host
from handset import _link as wire
from handset import identity
from handset.link import Link, unpack

KEY = bytes(range(16))
SOUND = bytes(wire.AUDIO_BYTES)


def left_behind(action):
    gc.collect()
    before = gc.mem_alloc()
    action()
    return gc.mem_alloc() - before


def main():
    written = []
    link = Link(identity.Identity("wall-1", KEY, "0"), 1, written.append, os.urandom)
    link.on_up = link.on_down = link.on_message = link.on_audio = lambda *_: None
    host = Host(KEY)

    def receive(frame):
        link.reader.space()[: len(frame)] = frame
        link.reader.received(len(frame))
        link.received(2)

    link.poll(1)
    host.take(written[0])
    receive(host.welcome(unpack(wire.HELLO, host.clear[0][1])[4]))
    receive(host.sealed(wire.AUDIO, SOUND))  # what is made once is made now
    frame = host.sealed(wire.AUDIO, SOUND)
    gc.disable()
    link._write = lambda _: None
    sent = left_behind(lambda: link.send_audio(SOUND))
    link.reader.space()[: len(frame)] = frame

    def receive_one():
        link.reader.space()
        link.reader.received(len(frame))
        link.received(3)

    print(sent, left_behind(receive_one))


main()
