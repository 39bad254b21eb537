/* Session descriptions that made the stack's parser allocate without end, found by the fuzzer; and that
 * refusing them does not refuse sound ones. */
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "kinline_sip.h"

static int read_sdp(const char *media_line)
{
    char body[300], ip[64];
    kl_sip_media_field media;
    int n = snprintf(body, sizeof body, "v=0\r\no=far 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n%s",
                     media_line);

    return kl_sip_sdp_read(body, (uint32_t)n, &media, ip, sizeof ip);
}

/* Where and how their audio is wanted, by lines of the session and of the audio. */
static int held(const char *connection, const char *session, const char *audio)
{
    char body[300], ip[64];
    kl_sip_media_field media;
    int n = snprintf(body, sizeof body, "v=0\r\no=far 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN %s\r\nt=0 0\r\n%sm=audio 4000 RTP/AVP 0\r\n%s",
                     connection, session, audio);

    if (kl_sip_sdp_read(body, (uint32_t)n, &media, ip, sizeof ip))
        return -1;
    return media.direction == KL_SIP_SENDONLY || media.direction == KL_SIP_INACTIVE;
}

static void test_hold(void)
{
    CHECK(held("IP4 192.0.2.1", "", "") == 0);
    CHECK(held("IP4 192.0.2.1", "", "a=recvonly\r\n") == 0);
    CHECK(held("IP4 192.0.2.1", "", "a=sendonly\r\n") == 1);
    CHECK(held("IP4 192.0.2.1", "", "a=inactive\r\n") == 1);
    CHECK(held("IP4 192.0.2.1", "a=sendonly\r\n", "") == 1);
    CHECK(held("IP4 192.0.2.1", "a=sendonly\r\n", "a=sendrecv\r\n") == 0);
    CHECK(held("IP4 0.0.0.0", "", "a=sendrecv\r\n") == 1);
    CHECK(held("IP4 192.0.2.1", "", "c=IN IP4 0.0.0.0\r\n") == 1);
    CHECK(held("IP6 2001:db8::1", "", "") == -1); /* audio is spoken over IPv4 only */
    CHECK(held("IP4 192.0.2.1", "", "c=IN IP6 ::\r\n") == -1);
    CHECK(held("IP6 2001:db8::1", "", "c=IN IP4 192.0.2.1\r\n") == 0);
}

int main(void)
{
    static const char *const endless[] = {
        "m=video 5000 RTP//VP 31\r\nm=audio 4000 RTP/AVP 0\r\n",
        "m=audio 4000 RTP/ 0\r\n",
        "m=audio 4000/ RTP/AVP 0\r\n",
        "m=audio 4000 RTP/AVP \t",
        "m=audio 4000 RTP/AVP 0 /\r\n",
    };

    alarm(20); /* the fault is not to return */
    for (unsigned i = 0; i < sizeof endless / sizeof *endless; i++)
        CHECK(read_sdp(endless[i]) != 0);
    CHECK(read_sdp("m=audio 4000 RTP/AVP 0\r\n") == 0);
    CHECK(read_sdp("m=audio 4000/1 RTP/AVP 18 0 101 \r\n") == 0);
    CHECK(read_sdp("m=video 5000 UDP/TLS/RTP/SAVPF 31\r\nm=audio 4000 RTP/AVP 8\r\n") == 0);
    test_hold();
    return 0;
}
