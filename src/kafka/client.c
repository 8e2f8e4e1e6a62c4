/* See client.h. Errors of the connection come through librdkafka's callbacks: the newest one that
 * says something is kept as the trouble. */
#include "kafka/client.h"

#include "base/log.h"
#include "base/sync.h"
#include "kafka/token.h"

#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>

struct weir_kafka {
    rd_kafka_t *rk;
    weir_kafka_settings settings; /* in mem */
    weir_arena *mem;
    void (*delivered)(rd_kafka_t *, const rd_kafka_message_t *, void *);
    void *u;
    weir_mutex mu;
    /* ---- guarded by mu ---- */
    char trouble[1024];
    char certificate[256]; /* why the broker's was refused; "" if it was not */
    rd_kafka_resp_err_t code;
    bool told; /* ctx->notice knows of it */
};

/* ---- what is wrong ---- */

static const struct advice {
    rd_kafka_resp_err_t err;
    const char *part; /* of the text; NULL: any */
    const char *check;
} advices[] = {
    {RD_KAFKA_RESP_ERR__RESOLVE, NULL,
     "Check the host names in kafka.bootstrap.servers and those the brokers advertise"},
    {RD_KAFKA_RESP_ERR__SSL, "expired",
     "Check the dates of the broker's certificate, and this machine's clock"},
    {RD_KAFKA_RESP_ERR__SSL, "alert",
     "The broker ended the handshake. If it asks for a client certificate, check "
     "kafka.ssl.keystore.location"},
    {RD_KAFKA_RESP_ERR__SSL, "verif",
     "Check that kafka.ssl.truststore.location holds the authority that signed the broker's "
     "certificate, and that the certificate names the host"},
    {RD_KAFKA_RESP_ERR__SSL, NULL,
     "Check kafka.security.protocol (is this a TLS listener?) and the key and trust stores"},
    {RD_KAFKA_RESP_ERR__AUTHENTICATION, "certificate",
     "Check that kafka.ssl.truststore.location holds the authority that signed the broker's "
     "certificate, that the certificate names the host, and its dates"},
    {RD_KAFKA_RESP_ERR__AUTHENTICATION, "OAUTHBEARER",
     "Check kafka.sasl.oauthbearer.token.endpoint.url, and what kafka.sasl.jaas.config says for "
     "it"},
    {RD_KAFKA_RESP_ERR__AUTHENTICATION, NULL,
     "Check kafka.sasl.mechanism and the user name and password in kafka.sasl.jaas.config"},
    {RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED, NULL,
     "Check the user name and password in kafka.sasl.jaas.config"},
    {RD_KAFKA_RESP_ERR__TRANSPORT, "refused",
     "Check that the broker runs, and host and port in kafka.bootstrap.servers"},
    {RD_KAFKA_RESP_ERR__TRANSPORT, "isconnected",
     "Check that kafka.security.protocol is that of the broker's listener"},
    {RD_KAFKA_RESP_ERR__TRANSPORT, NULL, "Check the network and that the brokers run"},
    {RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, NULL,
     "Check that the brokers run, and kafka.bootstrap.servers"},
    {RD_KAFKA_RESP_ERR__TIMED_OUT, NULL,
     "Check that the brokers run and answer, and kafka.bootstrap.servers"},
    {RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, NULL, "Check the topic's name, or create it"},
    {RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, NULL, "Check the topic's name, or create it"},
    {RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, NULL,
     "Check that the user may describe and read (or write) the topic"},
    {RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED, NULL,
     "Check that the user may read the consumer group; kafka.group.id or groupIdPrefix names it"},
    {RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED, NULL,
     "Check that the user may write idempotently, or set kafka.enable.idempotence to false"},
    {RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, NULL,
     "Check kafka.max.request.size and the topic's max.message.bytes"},
    {RD_KAFKA_RESP_ERR__MSG_TIMED_OUT, NULL,
     "Check that the brokers run and have enough in-sync replicas; kafka.delivery.timeout.ms is "
     "how long a message waits"},
    {RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, NULL,
     "Check that enough replicas are in sync (min.insync.replicas)"},
};

/* It sends the client's nonce twice in the last message. Kafka 3.9's ScramSaslServer looks at the
 * end of what comes (endsWith), Kafka 4's at all of it (equals). */
static bool is_old_scram(rd_kafka_resp_err_t err, const char *text) {
    return err == RD_KAFKA_RESP_ERR__AUTHENTICATION && text && strstr(text, "SCRAM") &&
           rd_kafka_version() < 0x02060100;
}

const char *weir_kafka_advice(rd_kafka_resp_err_t err, const char *text) {
    if (is_old_scram(err, text))
        return "Check the user name and password in kafka.sasl.jaas.config. Brokers of Kafka 4 "
               "refuse the SCRAM of librdkafka before 2.6.1, which is used here, whatever the "
               "password: use the librdkafka of the Python package confluent-kafka, or PLAIN over "
               "TLS";
    for (size_t i = 0; i < sizeof advices / sizeof *advices; i++)
        if (advices[i].err == err && (!advices[i].part || (text && strstr(text, advices[i].part))))
            return advices[i].check;
    return "";
}

bool weir_kafka_hopeless(rd_kafka_resp_err_t err) {
    return err == RD_KAFKA_RESP_ERR__AUTHENTICATION || err == RD_KAFKA_RESP_ERR__SSL ||
           err == RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED ||
           err == RD_KAFKA_RESP_ERR_UNSUPPORTED_SASL_MECHANISM ||
           err == RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE ||
           err == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED;
}

/* @thread librdkafka's or the handle's user */
static void note(weir_kafka *k, rd_kafka_resp_err_t err, const char *reason) {
    weir_arena *tmp = weir_arena_new(NULL);
    const char *text = weir_kafka_redact(tmp, &k->settings, reason);
    /* an alert that comes after the handshake is told as a broken connection */
    if (strstr(text, "SSL alert")) err = RD_KAFKA_RESP_ERR__SSL;
    weir_lock(&k->mu);
    if (err == RD_KAFKA_RESP_ERR__SSL && *k->certificate)
        text = weir_printf(tmp, "%s: %s", text, k->certificate);
    const char *check = weir_kafka_advice(err, text);
    /* "n of n brokers are down" says less than why */
    if (err != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN || !k->code) {
        snprintf(k->trouble, sizeof k->trouble, "%s%s%s", text, *check ? ". " : "", check);
        k->code = err;
    }
    weir_unlock(&k->mu);
    weir_arena_free(tmp);
}

const char *weir_kafka_trouble(weir_kafka *k, weir_arena *a) {
    weir_lock(&k->mu);
    const char *text = k->code ? weir_strdup(a, k->trouble) : NULL;
    weir_unlock(&k->mu);
    return text;
}

rd_kafka_resp_err_t weir_kafka_trouble_code(weir_kafka *k) {
    weir_lock(&k->mu);
    rd_kafka_resp_err_t code = k->code;
    weir_unlock(&k->mu);
    return code;
}

void weir_kafka_fine(weir_ctx *ctx, weir_kafka *k) {
    weir_lock(&k->mu);
    bool told = k->told;
    k->code = RD_KAFKA_RESP_ERR_NO_ERROR;
    k->told = false;
    weir_unlock(&k->mu);
    if (told && ctx->notice) ctx->notice->say(ctx->notice->u, NULL);
}

void weir_kafka_waits(weir_ctx *ctx, weir_kafka *k, const char *doing) {
    const char *why = weir_kafka_trouble(k, ctx->arena);
    weir_lock(&k->mu);
    k->told = true;
    weir_unlock(&k->mu);
    if (ctx->notice)
        ctx->notice->say(ctx->notice->u,
                         weir_printf(ctx->arena, "%s: waiting for Kafka at %s%s%s", doing,
                                     k->settings.servers, why ? ": " : "", why ? why : ""));
}

/* What is behind "fatal error"; text (512 bytes) says more of it. */
static rd_kafka_resp_err_t behind(rd_kafka_t *rk, rd_kafka_resp_err_t err, char *text) {
    return err == RD_KAFKA_RESP_ERR__FATAL ? rd_kafka_fatal_error(rk, text, 512) : err;
}

weir_rc weir_kafka_fail(weir_ctx *ctx, weir_kafka *k, const char *doing, rd_kafka_resp_err_t err) {
    char text[512];
    err = behind(k->rk, err, text); /* a call may fail before the callback has told the cause */
    const char *why = weir_kafka_trouble(k, ctx->arena), *check = weir_kafka_advice(err, NULL);
    return weir_fail(ctx, WEIR_E_KAFKA_CLIENT, "doing", doing, "servers", k->settings.servers,
                     "error", rd_kafka_err2str(err), "reason",
                     why      ? weir_printf(ctx->arena, " %s.", why)
                     : *check ? weir_printf(ctx->arena, " %s.", check)
                              : "");
}

/* ---- librdkafka's callbacks ---- */

static void on_error(rd_kafka_t *rk, int err, const char *reason, void *u) {
    weir_kafka *k = u;
    char fatal[512];
    rd_kafka_resp_err_t cause = behind(rk, (rd_kafka_resp_err_t)err, fatal);
    note(k, cause, cause == (rd_kafka_resp_err_t)err ? reason : fatal);
}

/* Why a certificate is refused, which the error that follows does not say. @thread librdkafka's */
static int on_certificate(rd_kafka_t *rk, const char *broker, int32_t id, int *error, int depth,
                          const char *der, size_t len, char *text, size_t size, void *u) {
    weir_kafka *k = u;
    const unsigned char *at = (const unsigned char *)der;
    (void)rk, (void)broker, (void)id;
    if (*error == X509_V_OK) return 1;
    char subject[128] = "?";
    X509 *x = d2i_X509(NULL, &at, (long)len);
    if (x) X509_NAME_oneline(X509_get_subject_name(x), subject, sizeof subject);
    X509_free(x);
    weir_lock(&k->mu);
    snprintf(k->certificate, sizeof k->certificate, "%s (%s, depth %d)",
             X509_verify_cert_error_string(*error), subject, depth);
    snprintf(text, size, "%s", k->certificate);
    weir_unlock(&k->mu);
    return 0;
}

/* @thread librdkafka's */
static void on_log(const rd_kafka_t *rk, int level, const char *fac, const char *text) {
    weir_kafka *k = rd_kafka_opaque(rk);
    weir_arena *tmp = weir_arena_new(NULL);
    weir_log(level <= 4   ? WEIR_LOG_WARN
             : level <= 6 ? WEIR_LOG_INFO
                          : WEIR_LOG_DEBUG,
             "kafka: %s: %s", fac, k ? weir_kafka_redact(tmp, &k->settings, text) : text);
    weir_arena_free(tmp);
}

static void on_delivery(rd_kafka_t *rk, const rd_kafka_message_t *m, void *u) {
    weir_kafka *k = u;
    if (k->delivered) k->delivered(rk, m, k->u);
}

/* OAUTHBEARER from a file: a JWT whose claims say whose it is and until when. */
static void on_token(rd_kafka_t *rk, const char *config, void *u) {
    weir_kafka *k = u;
    (void)config;
    weir_kafka_token(rk, &k->settings);
}

/* ---- open and close ---- */

static weir_rc bad_setting(weir_ctx *ctx, const weir_kafka_settings *s, const char *name,
                           const char *text) {
    return weir_fail(ctx, WEIR_E_ILLEGAL_ARGUMENT, "message",
                     weir_printf(ctx->arena, "Invalid Kafka setting '%s': %s", name,
                                 weir_kafka_redact(ctx->arena, s, text)));
}

static weir_rc make_conf(weir_ctx *ctx, weir_kafka *k, rd_kafka_conf_t *conf) {
    const weir_kafka_settings *s = &k->settings;
    char text[512];
    for (int i = 0; i < s->n; i++)
        if (rd_kafka_conf_set(conf, s->v[i].name, s->v[i].value, text, sizeof text) !=
            RD_KAFKA_CONF_OK)
            return bad_setting(ctx, s, s->v[i].name, text);
    rd_kafka_conf_set_opaque(conf, k);
    rd_kafka_conf_set_error_cb(conf, on_error);
    rd_kafka_conf_set_log_cb(conf, on_log);
    rd_kafka_conf_set_ssl_cert_verify_cb(conf, on_certificate);
    if (s->role == WEIR_KAFKA_PRODUCER) rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
    if (s->token_file) rd_kafka_conf_set_oauthbearer_token_refresh_cb(conf, on_token);
    return WEIR_OK;
}

static void copy_settings(weir_kafka *k, const weir_kafka_settings *s) {
    k->settings = *s;
    k->settings.mem = k->mem;
    k->settings.v = NULL;
    k->settings.n = k->settings.cap = 0;
    k->settings.servers = weir_strdup(k->mem, s->servers);
    k->settings.group_id = weir_strdup(k->mem, s->group_id);
    k->settings.token_file = weir_strdup(k->mem, s->token_file);
    for (int i = 0; i < s->n; i++) weir_kafka_set(&k->settings, s->v[i].name, s->v[i].value);
    for (int i = 0; i < s->nsecret; i++) k->settings.secret[i] = weir_strdup(k->mem, s->secret[i]);
}

weir_rc weir_kafka_open(weir_ctx *ctx, const weir_kafka_settings *s,
                        void (*delivered)(rd_kafka_t *, const rd_kafka_message_t *, void *u),
                        void *u, weir_kafka **out) {
    weir_arena *mem = weir_arena_new(NULL);
    weir_kafka *k = WEIR_NEW(mem, weir_kafka);
    char text[512] = "";
    k->mem = mem;
    k->delivered = delivered;
    k->u = u;
    weir_mutex_init(&k->mu, WEIR_RANK_LEAF);
    copy_settings(k, s);
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    weir_rc rc = make_conf(ctx, k, conf);
    if (rc == WEIR_OK) {
        k->rk = rd_kafka_new(s->role == WEIR_KAFKA_PRODUCER ? RD_KAFKA_PRODUCER : RD_KAFKA_CONSUMER,
                             conf, text, sizeof text);
        if (k->rk) return *out = k, WEIR_OK;
        rc = bad_setting(ctx, s, "client", text);
    }
    rd_kafka_conf_destroy(conf);
    weir_kafka_close(k);
    return rc;
}

void weir_kafka_close(weir_kafka *k) {
    if (!k) return;
    if (k->rk) rd_kafka_destroy(k->rk);
    weir_mutex_free(&k->mu);
    weir_arena_free(k->mem);
}

rd_kafka_t *weir_kafka_handle(weir_kafka *k) { return k->rk; }

int weir_kafka_serve(weir_kafka *k, int timeout_ms) { return rd_kafka_poll(k->rk, timeout_ms); }
