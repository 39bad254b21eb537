"""sipp scenarios as XML text: how a far end answers an INVITE, or what a caller asks.

Every name says what sipp does. Times are milliseconds.
"""

TAG = ";tag=far[call_number]"
CONTACT = "<sip:[local_ip]:[local_port];transport=[transport]>"
SDP = """v=0
o=far 1 1 IN IP4 [local_ip]
s=-
c=IN IP4 [media_ip]
t=0 0
m=audio [media_port] RTP/AVP 0 101
a=rtpmap:0 PCMU/8000
a=rtpmap:101 telephone-event/8000
a=fmtp:101 0-15
a=ptime:20
"""
# The far end's own requests need what the INVITE said: both parties, and where to send.
INVITE = """<recv request="INVITE"><action>
<ereg regexp=".*" search_in="hdr" header="From:" assign_to="caller"/>
<ereg regexp=".*" search_in="hdr" header="To:" assign_to="called"/>
<ereg regexp="sip:[^>;]*" search_in="hdr" header="Contact:" assign_to="target"/>
</action></recv>
<Reference variables="caller,called,target"/>
"""
ACK = '<recv request="ACK"/>\n'


def refuse(status: str, *headers: str) -> str:
    """Answer the INVITE with a final status such as "486 Busy Here"."""
    return _scenario(INVITE, _reply("100 Trying", tag=""), _reply(status, *headers, repeat=True), ACK)


def redirect(uri: str) -> str:
    """302 to another address, which nobody may follow."""
    return refuse("302 Moved Temporarily", f"Contact: <{uri}>")


def answer_then_bye(after: int, ring: int = 100) -> str:
    """Ring, answer, and hang up from the far end."""
    return _scenario(
        INVITE, _reply("100 Trying", tag=""), _reply("180 Ringing"), _pause(ring),
        _reply("200 OK", body=SDP, repeat=True), ACK, _pause(after), _bye(), '<recv response="200"/>\n',
    )  # fmt: skip


def answer_until_bye() -> str:
    """Answer at once and stay until the caller hangs up."""
    return _scenario(
        INVITE, _reply("100 Trying", tag=""), _reply("200 OK", body=SDP, repeat=True), ACK,
        '<recv request="BYE"/>\n', _reply("200 OK", tag=""),
    )  # fmt: skip


def ring_until_cancel() -> str:
    """Ring until the caller gives up: CANCEL, 487."""
    terminated = _reply("487 Request Terminated", cseq="CSeq: 1 INVITE", repeat=True)
    return _scenario(
        INVITE.replace("</action></recv>", _SEQUENCE + "</action></recv>"), _SEQUENCE_USED,
        _reply("100 Trying", tag=""), _reply("180 Ringing"), '<recv request="CANCEL"/>\n', _reply("200 OK"),
        terminated.replace("CSeq: 1 INVITE", "CSeq:[$sequence]"), ACK,
    )  # fmt: skip


def answer_crossing_cancel() -> str:
    """Answer just as the CANCEL arrives: the caller must acknowledge, then hang up with BYE."""
    answer = _reply("200 OK", body=SDP, cseq="CSeq:[$sequence]", repeat=True)
    return _scenario(
        INVITE.replace("</action></recv>", _SEQUENCE + "</action></recv>"), _SEQUENCE_USED,
        _reply("100 Trying", tag=""), _reply("180 Ringing"), '<recv request="CANCEL"/>\n', _reply("200 OK"),
        answer, ACK, '<recv request="BYE"/>\n', _reply("200 OK", tag=""),
    )  # fmt: skip


def never_answer() -> str:
    """Take the INVITE and its repetitions, and say nothing."""
    return _scenario(INVITE, _pause(40_000))


def options() -> str:
    """As a caller: OPTIONS, expecting 200 or a challenge."""
    request = _send(
        f"""OPTIONS sip:[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:probe@[local_ip]:[local_port]>{TAG}
To: <sip:[remote_ip]:[remote_port]>
Call-ID: [call_id]
CSeq: 1 OPTIONS
Contact: {CONTACT}
Max-Forwards: 70
Content-Length: 0
""",
        repeat=True,
    )
    return _scenario(
        request,
        '<recv response="200" optional="true" next="end"/>\n<recv response="401"/>\n<label id="end"/>\n',
    )


_SEQUENCE = '<ereg regexp=".*" search_in="hdr" header="CSeq:" assign_to="sequence"/>\n'
_SEQUENCE_USED = '<Reference variables="sequence"/>\n'


def _scenario(*parts: str) -> str:
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<scenario name="kinline">\n{"".join(parts)}</scenario>\n'


def _pause(milliseconds: int) -> str:
    return f'<pause milliseconds="{milliseconds}"/>\n'


def _reply(
    status: str,
    *headers: str,
    tag: str = TAG,
    cseq: str = "[last_CSeq:]",
    body: str = "",
    repeat: bool = False,
) -> str:
    """A response to the last request. Its Contact is ours unless one of the headers is another."""
    lines = [
        f"SIP/2.0 {status}",
        "[last_Via:]",
        "[last_From:]",
        f"[last_To:]{tag}",
        "[last_Call-ID:]",
        cseq,
        *headers,
    ]
    if not any(header.startswith("Contact:") for header in headers):
        lines.append(f"Contact: {CONTACT}")
    if body:
        lines += ["Content-Type: application/sdp", "Content-Length: [len]", "", body]
    else:
        lines += ["Content-Length: 0", ""]
    return _send("\n".join(lines), repeat=repeat)


def _bye() -> str:
    return _send(
        f"""BYE [$target] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From:[$called]{TAG}
To:[$caller]
[last_Call-ID:]
CSeq: 1 BYE
Max-Forwards: 70
Content-Length: 0
""",
        repeat=True,
    )


def _send(text: str, *, repeat: bool) -> str:
    """A message; with `repeat`, sent again until the next one comes (RFC 3261: T1 is 500 ms)."""
    timer = ' retrans="500"' if repeat else ""
    return f"<send{timer}><![CDATA[\n{text}\n]]></send>\n"
