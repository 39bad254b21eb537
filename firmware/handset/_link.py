# GENERATED from hw/link.toml by hw/generate.py (make gen). Do not edit.
SYNC = b'K\xd7'
MAJOR = 1
MINOR = 1
SCHEMA = 2519676400
HEADER_BYTES = 12
SEALED_FROM = 16
RELIABLE_FROM = 32
TAG_BYTES = 8
AUDIO_BYTES = 640
CONTROL_BYTES = 256
REPLAY_WINDOW = 24
TICKS_PERIOD = 1073741824
HELLO_MS = 500
HELLO_SLOW_MS = 5000
PING_MS = 500
SILENCE_MS = 2500
RETRANSMIT_MS = 150
RETRANSMIT_TRIES = 6
WINDOW = 8
NONCE_BYTES = 16
PROOF_BYTES = 16
LABEL_D2H_CIPHER = b"kinline 1 handset cipher"
LABEL_D2H_TAG = b"kinline 1 handset tag"
LABEL_H2D_CIPHER = b"kinline 1 host cipher"
LABEL_H2D_TAG = b"kinline 1 host tag"
LABEL_PROOF = b"kinline 1 host proof"
REFUSE_MAJOR = 1
REFUSE_UNKNOWN_DEVICE = 2
REFUSE_BUSY = 3
RESET_POWER_ON = 1
RESET_WATCHDOG = 2
RESET_SOFT = 3
RESET_FAULT = 4
PHASE_ON_HOOK = 0
PHASE_LISTEN = 1
PHASE_TALK = 2
PHASE_OVER = 3
COLLECT_DIGIT = 1
COLLECT_SECRET = 2
COLLECT_NUMBER = 3
ENTRY_COMPLETE = 1
ENTRY_TIMEOUT = 2
ENTRY_OVERFLOW = 3
CAUSE_DEADLINE = 1
CAUSE_ON_HOOK = 2
CAUSE_HOST = 3
CAUSE_LINK_LOST = 4
CAUSE_FAULT = 5
LAMP_OFF = 0
LAMP_READY = 1
LAMP_BUSY = 2
LAMP_TROUBLE = 3

HELLO = 1
WELCOME = 2
REFUSE = 3
PROBE = 4
AUDIO = 16
PING = 17
PONG = 18
ACK = 19
SNAPSHOT = 32
HOOK = 33
KEY = 34
ENTRY = 35
TALK_ENDED = 36
HEALTH = 37
EVENTS = 38
VOLUME = 39
LISTEN = 64
COLLECT = 65
COLLECT_END = 66
TALK = 67
END = 68
SHOW = 69
REBOOT = 70
REPORT = 71

# id: (struct format of the fixed fields, greatest length of each variable field)
FORMATS = {
    HELLO: ("<BBII16s", (32, 32,)),
    WELCOME: ("<BB16s16s", ()),
    REFUSE: ("<BBB", (80,)),
    PROBE: ("<", ()),
    AUDIO: ("<", ()),
    PING: ("<H", ()),
    PONG: ("<HI", ()),
    ACK: ("<H", ()),
    SNAPSHOT: ("<BBIIIBI", ()),
    HOOK: ("<BI", ()),
    KEY: ("<BI", ()),
    ENTRY: ("<HB", (32,)),
    TALK_ENDED: ("<IBII", ()),
    HEALTH: ("<IIIHHHH", ()),
    EVENTS: ("<B", (200,)),
    VOLUME: ("<BI", ()),
    LISTEN: ("<I", ()),
    COLLECT: ("<HBBBBHH", ()),
    COLLECT_END: ("<H", ()),
    TALK: ("<III", ()),
    END: ("<I", ()),
    SHOW: ("<B", ()),
    REBOOT: ("<", ()),
    REPORT: ("<", ()),
}
