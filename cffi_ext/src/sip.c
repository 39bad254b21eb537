/* The SIP thread: start, stop, and commands from other threads. */
typedef struct command command;
#define SU_MSG_ARG_T struct command

#include "sip_internal.h"

#include <errno.h>
#include <pthread.h>
#include <sofia-sip/msg_mclass.h>
#include <sofia-sip/nta_tag.h>
#include <sofia-sip/tport_tag.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    STOP_REQUEST_MS = 1000, /* how long a BYE may wait for its answer once we stop */
    STOP_LIMIT_MS = 4000,
    MIN_SESSION_EXPIRES_S = 90, /* RFC 4028 §5 */
};

typedef enum { COMMAND_INVITE, COMMAND_HANGUP, COMMAND_OPTIONS, COMMAND_RESPOND, COMMAND_OFFER, COMMAND_BYE, COMMAND_STOP } command_kind;

struct command {
    command_kind kind;
    kl_sip *sip;
    uint32_t id;
    uint16_t code; /* Q.850 cause or SIP status */
    bool has_media;
    kl_sip_media media;
    char text[256];            /* URI or phrase */
    union {
        kl_sip_invite_args invite; /* COMMAND_INVITE only */
        struct {
            kl_sip_dialog dialog;
            char user[256];
            char password[256];
        } bye; /* COMMAND_BYE only */
    };
};

struct thread_start {
    pthread_mutex_t lock; /* protects done and ok, and why until done */
    pthread_cond_t changed;
    bool done;
    bool ok;
    char *why;
    uint32_t why_size;
    kl_sip *sip;
};

struct kl_sip_thread {
    kl_sip sip; /* first: kl_sip * is a pointer to this */
    pthread_t thread;
    atomic_bool closing;
    msg_mclass_t *message_class;
    su_timer_t *stop_timer;
};

static struct kl_sip_thread *thread_of(kl_sip *sip)
{
    return (struct kl_sip_thread *)sip;
}

/* ---- commands ---- */

static void stop_overdue(su_root_magic_t *sip, su_timer_t *timer, su_timer_arg_t *arg)
{
    (void)timer;
    (void)arg;
    su_root_break(sip->root);
}

static void begin_stop(kl_sip *sip)
{
    struct kl_sip_thread *thread = thread_of(sip);

    sip->stopping = true;
    sip_call_free_all(sip);
    nua_set_params(sip->nua, NTATAG_SIP_T1X64(STOP_REQUEST_MS), TAG_END());
    nua_shutdown(sip->nua);
    thread->stop_timer = su_timer_create(su_root_task(sip->root), STOP_LIMIT_MS);
    su_timer_set(thread->stop_timer, stop_overdue, NULL);
}

static void run_command(su_root_magic_t *magic, su_msg_r message, command *c)
{
    kl_sip *sip = c->sip;

    (void)magic;
    (void)message;
    if (sip->stopping)
        return;
    switch (c->kind) {
    case COMMAND_INVITE:
        sip_call_start(sip, &c->invite);
        break;
    case COMMAND_HANGUP:
        sip_call_hangup(sip, c->id, c->code);
        break;
    case COMMAND_OPTIONS:
        sip_call_probe(sip, c->id, c->text);
        break;
    case COMMAND_RESPOND:
        sip_call_respond(sip, c->id, c->code, c->text, c->has_media ? &c->media : NULL);
        break;
    case COMMAND_OFFER:
        sip_call_offer(sip, c->id, &c->media);
        break;
    case COMMAND_BYE:
        sip_call_bye_left(sip, c->id, &c->bye.dialog, c->bye.user, c->bye.password);
        break;
    case COMMAND_STOP:
        begin_stop(sip);
        break;
    }
}

static int send_command(kl_sip *sip, const command *c, size_t size)
{
    su_msg_r message = SU_MSG_R_INIT;

    if (su_msg_create(message, su_root_task(sip->root), su_task_null, run_command, (isize_t)size) < 0)
        return KL_SIP_STOPPED;
    memcpy(su_msg_data(message), c, size);
    su_msg_data(message)->sip = sip;
    return su_msg_send(message) < 0 ? KL_SIP_STOPPED : KL_SIP_OK;
}

/* Terminated, and nothing in it that would end a quoted string, a bracket or a header line. */
static bool text_safe(const char *text, size_t size)
{
    size_t length = strnlen(text, size);

    if (length == size)
        return false;
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f || strchr("\"\\<>", text[i]))
            return false;
    return true;
}

/* A header's value as it was received, quotes and brackets included: terminated, and one line. */
static bool one_line(const char *text, size_t size)
{
    size_t length = strnlen(text, size);

    if (length == size)
        return false;
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
            return false;
    return true;
}

#define FIELD_SAFE(field) text_safe(field, sizeof(field))

static bool id_usable(uint32_t id)
{
    return id && !(id & KL_SIP_INBOUND_ID);
}

int kl_sip_invite(kl_sip *sip, const kl_sip_invite_args *args)
{
    command c = {.kind = COMMAND_INVITE, .id = args->id, .invite = *args};

    if (atomic_load(&thread_of(sip)->closing))
        return KL_SIP_STOPPED;
    if (!id_usable(args->id))
        return KL_SIP_BAD_ID;
    if (!args->request_uri[0] || !args->from_uri[0] || !FIELD_SAFE(args->request_uri) || !FIELD_SAFE(args->proxy) ||
        !FIELD_SAFE(args->from_uri) || !FIELD_SAFE(args->from_display) || !FIELD_SAFE(args->asserted_identity) ||
        !FIELD_SAFE(args->user) || strchr(args->user, ':') || !FIELD_SAFE(args->password))
        return KL_SIP_BAD_TEXT;
    if (!sip_sdp_valid(&args->media))
        return KL_SIP_BAD_MEDIA;
    return send_command(sip, &c, sizeof c);
}

int kl_sip_hangup(kl_sip *sip, uint32_t id, uint16_t q850_cause)
{
    command c = {.kind = COMMAND_HANGUP, .id = id, .code = q850_cause};

    if (atomic_load(&thread_of(sip)->closing))
        return KL_SIP_STOPPED;
    return send_command(sip, &c, offsetof(command, invite));
}

int kl_sip_bye(kl_sip *sip, uint32_t id, const kl_sip_dialog *dialog, const char *user, const char *password)
{
    command c = {.kind = COMMAND_BYE, .id = id, .bye = {.dialog = *dialog}};

    if (atomic_load(&thread_of(sip)->closing))
        return KL_SIP_STOPPED;
    if (!id_usable(id))
        return KL_SIP_BAD_ID;
    if (!dialog->call_id[0] || !dialog->local[0] || !dialog->remote[0] || !dialog->target[0] ||
        !one_line(dialog->call_id, sizeof dialog->call_id) || !one_line(dialog->local, sizeof dialog->local) ||
        !one_line(dialog->remote, sizeof dialog->remote) || !FIELD_SAFE(dialog->target) ||
        !one_line(dialog->route, sizeof dialog->route))
        return KL_SIP_BAD_TEXT;
    if (user && (!text_safe(user, sizeof c.bye.user) || !text_safe(password, sizeof c.bye.password)))
        return KL_SIP_BAD_TEXT;
    if (user) {
        strcpy(c.bye.user, user);
        strcpy(c.bye.password, password);
    }
    return send_command(sip, &c, sizeof c);
}

int kl_sip_options(kl_sip *sip, uint32_t id, const char *uri)
{
    command c = {.kind = COMMAND_OPTIONS, .id = id};

    if (atomic_load(&thread_of(sip)->closing))
        return KL_SIP_STOPPED;
    if (!id_usable(id))
        return KL_SIP_BAD_ID;
    if (!text_safe(uri, sizeof c.text))
        return KL_SIP_BAD_TEXT;
    strcpy(c.text, uri);
    return send_command(sip, &c, offsetof(command, invite));
}

int kl_sip_respond(kl_sip *sip, uint32_t id, uint16_t status, const char *phrase, const kl_sip_media *media)
{
    command c = {.kind = COMMAND_RESPOND, .id = id, .code = status, .has_media = media != NULL};

    if (atomic_load(&thread_of(sip)->closing))
        return KL_SIP_STOPPED;
    if (status < 101 || status > 699 || !text_safe(phrase, sizeof c.text))
        return KL_SIP_BAD_TEXT;
    if (media && !sip_sdp_valid(media))
        return KL_SIP_BAD_MEDIA;
    if (media)
        c.media = *media;
    strcpy(c.text, phrase);
    return send_command(sip, &c, offsetof(command, invite));
}

int kl_sip_offer(kl_sip *sip, uint32_t id, const kl_sip_media *media)
{
    command c = {.kind = COMMAND_OFFER, .id = id, .media = *media};

    if (atomic_load(&thread_of(sip)->closing))
        return KL_SIP_STOPPED;
    if (!sip_sdp_valid(media))
        return KL_SIP_BAD_MEDIA;
    return send_command(sip, &c, offsetof(command, invite));
}

/* ---- the thread ---- */

static void listen_url(const kl_sip_config *config, bool tls, char *out, size_t size)
{
    bool v6 = strchr(config->bind_ip, ':') != NULL;
    const char *open = v6 ? "[" : "", *close = v6 ? "]" : "";

    if (tls)
        snprintf(out, size, "sips:%s%s%s:%u;transport=tls", open, config->bind_ip, close, config->tls_port);
    else
        snprintf(out, size, "sip:%s%s%s:%u%s", open, config->bind_ip, close, config->port,
                 config->udp && config->tcp ? "" : config->udp ? ";transport=udp" : ";transport=tcp");
}

static bool start_stack(struct kl_sip_thread *thread)
{
    kl_sip *sip = &thread->sip;
    const kl_sip_config *config = &sip->config;
    char url[128], tls_url[128];
    bool plain = config->udp || config->tcp;

    listen_url(config, !plain, url, sizeof url);
    listen_url(config, true, tls_url, sizeof tls_url);
    sip->root = su_root_create(sip);
    if (!sip->root)
        return false;
    /* One thread: the stack runs in ours. */
    su_root_threading(sip->root, 0);
    thread->message_class = sip_gate_message_class();
    sip->nua = nua_create(
        sip->root, sip_call_event, sip, NUTAG_URL(url),
        TAG_IF(plain && config->tls, NUTAG_SIPS_URL(tls_url)),
        TAG_IF(config->tls, NUTAG_CERTIFICATE_DIR(config->tls_dir)),
        /* A caller proves its chain and that its certificate names the host we dialled. */
        TAG_IF(config->tls, TPTAG_TLS_VERIFY_POLICY(TPTLS_VERIFY_SUBJECTS_OUT)),
        NTATAG_MCLASS(thread->message_class), NTATAG_SIP_T1X64(config->t1x64_ms), NTATAG_UDP_MTU(65535),
        NTATAG_USE_NAPTR(0), NTATAG_USE_SRV(0),
        /* Else our UDP port is a STUN server too, which writes to stderr. */
        TPTAG_STUN_SERVER(0),
        SIPTAG_USER_AGENT_STR(config->user_agent), SIPTAG_ALLOW_STR(SIP_ALLOWED_METHODS),
        SIPTAG_SUPPORTED_STR(config->session_expires_s ? "timer, 100rel" : "100rel"),
        /* An UPDATE's offer is judged here as a re-INVITE's is (RFC 3311 §5.2): the stack answers one of nothing we
         * speak by 200 with port 0. */
        NUTAG_APPL_METHOD("UPDATE"),
        NUTAG_AUTOALERT(0), NUTAG_ENABLEMESSAGE(0), NUTAG_EARLY_MEDIA(1), SOATAG_ADDRESS(config->bind_ip),
        NUTAG_UPDATE_REFRESH(1), NUTAG_SESSION_TIMER(config->session_expires_s), NUTAG_MIN_SE(MIN_SESSION_EXPIRES_S),
        NUTAG_SESSION_REFRESHER(config->session_expires_s ? nua_local_refresher : nua_no_refresher), TAG_END());
    return sip->nua != NULL;
}

static void report_start(struct thread_start *start, bool ok)
{
    const kl_sip_config *config = &start->sip->config;

    if (!ok)
        snprintf(start->why, start->why_size,
                 "SIP cannot listen on %s port %u: another program has it, or the address is not this machine's%s",
                 config->bind_ip, config->udp || config->tcp ? config->port : config->tls_port,
                 config->tls ? ", or the TLS port or files are at fault" : "");
    pthread_mutex_lock(&start->lock);
    start->ok = ok;
    start->done = true;
    pthread_cond_signal(&start->changed);
    pthread_mutex_unlock(&start->lock);
}

static void *sip_thread(void *argument)
{
    struct thread_start *start = argument;
    kl_sip *sip = start->sip;
    struct kl_sip_thread *thread = thread_of(sip);

    sip_gate_enter(sip);
    if (!start_stack(thread)) {
        if (sip->root)
            su_root_destroy(sip->root);
        free(thread->message_class);
        report_start(start, false);
        return NULL;
    }
    report_start(start, true);
    su_root_run(sip->root);
    if (thread->stop_timer)
        su_timer_destroy(thread->stop_timer);
    /* Past the limit the stack still owns transactions, and nua_destroy would abort: leave it to the process's end. */
    if (sip->stopped) {
        nua_destroy(sip->nua);
        su_root_destroy(sip->root);
        free(thread->message_class);
    }
    return NULL;
}

/* The stack itself starts without them, and then every handshake fails. */
static bool tls_files_readable(const kl_sip_config *config, char *why, uint32_t why_size)
{
    static const char *const names[] = {"agent.pem", "cafile.pem"};
    char path[sizeof config->tls_dir + 16];

    for (int i = 0; config->tls && i < 2; i++) {
        snprintf(path, sizeof path, "%s/%s", config->tls_dir, names[i]);
        if (access(path, R_OK)) {
            snprintf(why, why_size, "TLS needs %s: %s", path, strerror(errno));
            return false;
        }
    }
    return true;
}

static void init_once(void)
{
    su_init();
}

kl_sip *kl_sip_create(kl_bus *bus, const kl_sip_config *config, char *why, uint32_t why_size)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct thread_start start = {.why = why, .why_size = why_size};
    struct kl_sip_thread *thread;
    int error;

    if (!tls_files_readable(config, why, why_size))
        return NULL;
    thread = calloc(1, sizeof *thread);
    if (!thread || !sip_auth_new_nonce(&thread->sip)) {
        snprintf(why, why_size, "the system gives no memory or no random numbers");
        free(thread);
        return NULL;
    }
    pthread_once(&once, init_once);
    sip_gate_redirect_logs();
    thread->sip.bus = bus;
    thread->sip.config = *config;
    start.sip = &thread->sip;
    pthread_mutex_init(&start.lock, NULL);
    pthread_cond_init(&start.changed, NULL);
    error = pthread_create(&thread->thread, NULL, sip_thread, &start);
    if (error) {
        snprintf(why, why_size, "the SIP thread could not start: %s", strerror(error));
    } else {
        pthread_mutex_lock(&start.lock);
        while (!start.done)
            pthread_cond_wait(&start.changed, &start.lock);
        pthread_mutex_unlock(&start.lock);
        if (!start.ok)
            pthread_join(thread->thread, NULL);
    }
    pthread_cond_destroy(&start.changed);
    pthread_mutex_destroy(&start.lock);
    if (!start.ok) {
        free(thread);
        return NULL;
    }
    return &thread->sip;
}

void kl_sip_destroy(kl_sip *sip)
{
    command c = {.kind = COMMAND_STOP};
    struct kl_sip_thread *thread;
    bool stopped;

    if (!sip)
        return;
    thread = thread_of(sip);
    atomic_store(&thread->closing, true);
    send_command(sip, &c, offsetof(command, invite));
    pthread_join(thread->thread, NULL);
    stopped = sip->stopped;
    /* What an unfinished stack still points to must outlive it. */
    if (stopped)
        free(thread);
}
