from handset.events import Ring


def check_the_ring_is_bounded_and_in_order():
    now = [0]
    ring = Ring(lambda: now[0])
    for index in range(100):
        now[0] = index
        ring.note("event %d" % index)
    text = "\n".join(ring.pieces(200))
    lines = text.split("\n")
    assert lines[-1] == "99 event 99" and lines[0] == "68 event 68" and len(lines) == 32


def check_pieces_fit():
    ring = Ring(lambda: 123456789)
    for _ in range(40):
        ring.note("x" * 300)
    pieces = list(ring.pieces(200))
    assert pieces and all(len(piece) <= 200 for piece in pieces)


def check_an_empty_ring():
    assert list(Ring(lambda: 0).pieces(200)) == []
