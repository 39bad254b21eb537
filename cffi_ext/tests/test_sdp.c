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
    return 0;
}
