"""sipp scenarios beyond those of tests.peers: what only the SIP endpoint's own tests need."""

from tests.peers.scenarios import ACK, CONTACT, INVITE, SDP, TAG

TRYING = """<send><![CDATA[
SIP/2.0 100 Trying
[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0

]]></send>
"""


def scenario(*parts: str) -> str:
    """A whole scenario out of its parts."""
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<scenario name="kinline">\n{"".join(parts)}</scenario>\n'


def reply(status: str, *headers: str, body: str = "", tag: str = TAG, repeat: bool = False) -> str:
    """An answer to the request that came last."""
    lines = [
        f"SIP/2.0 {status}", "[last_Via:]", "[last_From:]", f"[last_To:]{tag}", "[last_Call-ID:]", "[last_CSeq:]",
        f"Contact: {CONTACT}", *headers,
    ]  # fmt: skip
    lines += ["Content-Type: application/sdp", "Content-Length: [len]", "", body] if body else ["Content-Length: 0", ""]
    return send("\n".join(lines), repeat)


def request(method: str, number: int, *headers: str, body: str = "") -> str:
    """A request inside the call; the scenario must have begun with INVITE."""
    lines = [
        f"{method} [$target] SIP/2.0", "Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]",
        f"From:[$called]{TAG}", "To:[$caller]", "[last_Call-ID:]", f"CSeq: {number} {method}",
        f"Contact: {CONTACT}", "Max-Forwards: 70", *headers,
    ]  # fmt: skip
    lines += ["Content-Type: application/sdp", "Content-Length: [len]", "", body] if body else ["Content-Length: 0", ""]
    return send("\n".join(lines), repeat=method != "ACK")


def send(text: str, repeat: bool) -> str:
    """A message, repeated until the next one arrives if asked."""
    timer = ' retrans="500"' if repeat else ""
    return f"<send{timer}><![CDATA[\n{text}\n]]></send>\n"


def expect(what: str) -> str:
    """Receive a request by its method or a response by its status."""
    return f'<recv response="{what}"/>\n' if what.isdigit() else f'<recv request="{what}"/>\n'


def pause(milliseconds: int) -> str:
    return f'<pause milliseconds="{milliseconds}"/>\n'


ANSWER = reply("200 OK", body=SDP, repeat=True) + ACK
BYE_FROM_CALLER = expect("BYE") + reply("200 OK", tag="")


def early_media() -> str:
    """183 with media, then the same media answered."""
    return scenario(INVITE, TRYING, reply("183 Session Progress", body=SDP), pause(100), ANSWER, BYE_FROM_CALLER)


def reliable_early_media() -> str:
    """183 that asks for PRACK."""
    progress = reply("183 Session Progress", "Require: 100rel", "RSeq: 1", body=SDP)
    # The answer to the INVITE cannot use the PRACK's headers.
    answer = reply("200 OK", repeat=True).replace("[last_CSeq:]", "CSeq:[$sequence]").replace("[last_Via:]", "Via:[$via]")
    remember = (
        '<ereg regexp=".*" search_in="hdr" header="CSeq:" assign_to="sequence"/>'
        '<ereg regexp=".*" search_in="hdr" header="Via:" assign_to="via"/></action></recv>'
    )
    return scenario(
        INVITE.replace("</action></recv>", remember), '<Reference variables="sequence,via"/>\n', TRYING, progress,
        expect("PRACK"), reply("200 OK", tag=""), answer.replace("[last_To:]" + TAG, "[last_To:]"), ACK, BYE_FROM_CALLER,
    )  # fmt: skip


def forwarded() -> str:
    """181 with History-Info, then an answer."""
    history = "History-Info: <sip:+12025550177@127.0.0.1?Reason=SIP%3Bcause%3D302>;index=1.1"
    return scenario(INVITE, TRYING, reply("181 Call Is Being Forwarded", history), pause(50), ANSWER, BYE_FROM_CALLER)


def answer_at(port: int) -> str:
    """Answers with media at a port of 127.0.0.1, and takes every event of RFC 4733."""
    body = SDP.replace("[media_ip]", "127.0.0.1").replace("[media_port]", str(port)).replace(" 0-15", " 0-16")
    return scenario(INVITE, TRYING, reply("200 OK", body=body, repeat=True), ACK, BYE_FROM_CALLER)


def hold_and_resume() -> str:
    """Answers, holds the caller with a re-INVITE, resumes with another, then hangs up."""
    held = SDP.replace("o=far 1 1", "o=far 1 2") + "a=sendonly\n"
    resumed = SDP.replace("o=far 1 1", "o=far 1 3") + "a=sendrecv\n"
    steps = [INVITE, TRYING, ANSWER]
    for number, body in ((1, held), (2, resumed)):
        steps += [request("INVITE", number, body=body), '<recv response="100" optional="true"/>\n', expect("200")]
        steps += [request("ACK", number), pause(50)]
    return scenario(*steps, request("BYE", 3), expect("200"))


def offers_again(*offers: tuple[str, str, str], answer: str = "") -> str:
    """Answers, with that description where one is given, offers other media inside the call, and hangs up.

    An offer is its method, its body and the status it gets.
    """
    steps: list[str] = []
    for number, (method, body, status) in enumerate(offers, 1):
        steps += [request(method, number, body=body), '<recv response="100" optional="true"/>\n', expect(status)]
        steps += [request("ACK", number)] if method == "INVITE" else []
        steps += [pause(50)]
    answered = reply("200 OK", body=answer, repeat=True) + ACK if answer else ANSWER
    return scenario(INVITE, TRYING, answered, *steps, request("BYE", len(offers) + 1), expect("200"))


def codings(formats: str, *maps: str, version: int = 2) -> str:
    """A session description after the first, with these payload types."""
    body = SDP.replace("o=far 1 1", f"o=far 1 {version}").replace("RTP/AVP 0 101", f"RTP/AVP {formats}")
    return body.replace("a=rtpmap:0 PCMU/8000\n", "".join(f"a=rtpmap:{line}\n" for line in maps))


def refer() -> str:
    """Answers and tries to transfer the caller, which must be refused and change nothing."""
    order = request("REFER", 1, "Refer-To: <sip:+12025550177@127.0.0.1:5999>")
    return scenario(INVITE, TRYING, ANSWER, order, expect("405"), BYE_FROM_CALLER)


def challenge(algorithm: str = "MD5", then_answer: bool = True) -> str:
    """401; then a right answer to the challenge gets 200, a wrong one is challenged again."""
    header = f'WWW-Authenticate: Digest realm="far", nonce="4d21f0ab", algorithm={algorithm}, qop="auth"'
    first = [INVITE, reply("401 Unauthorized", header, repeat=True), ACK]
    if not then_answer:
        return scenario(*first)
    check = (
        '<recv request="INVITE"><action>\n'
        '<verifyauth assign_to="right" username="kinline" password="correct horse"/>\n'
        "</action></recv>\n"
        '<nop test="right" next="accept"/>\n'
    )
    again = reply("401 Unauthorized", header, repeat=True) + ACK + '<nop next="done"/>\n<label id="accept"/>\n'
    return scenario(*first, check, again, ANSWER, BYE_FROM_CALLER, '<label id="done"/>\n')


def answer_without_media() -> str:
    """200 whose session description refuses the audio."""
    refused = SDP.replace("[media_port]", "0")
    return scenario(INVITE, TRYING, reply("200 OK", body=refused, repeat=True), ACK, BYE_FROM_CALLER)


def answer_and_vanish() -> str:
    """Answers and never says a word again."""
    return scenario(INVITE, TRYING, ANSWER, pause(60_000))
