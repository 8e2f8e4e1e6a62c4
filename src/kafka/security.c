/* See security.h. */
#include "kafka/security.h"

#include "kafka/jaas.h"

#include <ctype.h>
#include <librdkafka/rdkafka.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

typedef struct reader {
    weir_ctx *ctx;
    const weir_options *options;
    weir_kafka_settings *out;
} reader;

static const char *option(const reader *r, const char *name) {
    return weir_kafka_option(r->ctx, r->options, name);
}

static weir_rc bad(const reader *r, const char *name, const char *what) {
    return weir_fail(
        r->ctx, WEIR_E_ILLEGAL_ARGUMENT, "message",
        weir_printf(r->ctx->arena, "Invalid value of the option 'kafka.%s': %s", name, what));
}

static void secret(reader *r, const char *value) {
    int most = (int)(sizeof r->out->secret / sizeof *r->out->secret);
    if (value && *value && r->out->nsecret < most)
        r->out->secret[r->out->nsecret++] = weir_strdup(r->ctx->arena, value);
}

static void set(reader *r, const char *name, const char *value) {
    if (value) weir_kafka_set(r->out, name, value);
}

/* ---- stores ---- */

typedef enum { STORE_PEM, STORE_PKCS12, STORE_JKS } store_kind;

static const char *ssl_reason(weir_arena *a) {
    char text[256];
    unsigned long e = ERR_get_error();
    if (!e) return "it is not a PKCS12 file";
    ERR_error_string_n(e, text, sizeof text);
    ERR_clear_error();
    return weir_strdup(a, text);
}

static weir_rc add_cert(weir_ctx *ctx, X509 *cert, BIO *bio) {
    if (!cert || PEM_write_bio_X509(bio, cert)) return WEIR_OK;
    return weir_fail(ctx, WEIR_E_ILLEGAL_ARGUMENT, "message",
                     "a certificate of the trust store cannot be written as PEM");
}

static weir_rc certs_pem(weir_ctx *ctx, X509 *own, STACK_OF(X509) * ca, const char **pem) {
    BIO *bio = BIO_new(BIO_s_mem());
    weir_assert(bio);
    weir_rc rc = add_cert(ctx, own, bio);
    for (int i = 0; rc == WEIR_OK && i < sk_X509_num(ca); i++)
        rc = add_cert(ctx, sk_X509_value(ca, i), bio);
    char *text = NULL;
    long n = BIO_get_mem_data(bio, &text);
    *pem = weir_strndup(ctx->arena, n > 0 ? text : "", n > 0 ? (size_t)n : 0);
    BIO_free(bio);
    return rc;
}

weir_rc weir_kafka_trust_pem(weir_ctx *ctx, const char *path, const char *password,
                             const char **pem) {
    char *text = NULL;
    size_t len = 0;
    WEIR_TRY(weir_file_slurp(ctx, path, &text, &len));
    const unsigned char *p = (const unsigned char *)text;
    PKCS12 *store = d2i_PKCS12(NULL, &p, (long)len);
    EVP_PKEY *key = NULL;
    X509 *cert = NULL;
    STACK_OF(X509) *ca = NULL;
    weir_rc rc = WEIR_OK;
    if (!store || !PKCS12_parse(store, password, &key, &cert, &ca))
        rc = weir_fail(ctx, WEIR_E_ILLEGAL_ARGUMENT, "message",
                       weir_printf(ctx->arena,
                                   "Failed to load SSL keystore %s of type PKCS12: %s. Check "
                                   "'kafka.ssl.truststore.password' and the file",
                                   path, ssl_reason(ctx->arena)));
    else
        rc = certs_pem(ctx, cert, ca, pem);
    if (rc == WEIR_OK && !**pem)
        rc = weir_fail(ctx, WEIR_E_ILLEGAL_ARGUMENT, "message",
                       weir_printf(ctx->arena, "the trust store %s holds no certificate", path));
    EVP_PKEY_free(key);
    X509_free(cert);
    sk_X509_pop_free(ca, X509_free);
    PKCS12_free(store);
    return rc;
}

/* The type that is named, else what the file begins with. Java's loader does so, too: a store named
 * JKS may be PKCS12. */
static weir_rc kind_of(reader *r, const char *which, const char *path, store_kind *out) {
    const char *name = weir_printf(r->ctx->arena, "ssl.%s.type", which), *type = option(r, name);
    weir_file *f = NULL;
    unsigned char head[16] = {0};
    int64_t got = 0;
    weir_stat st;
    WEIR_TRY(weir_path_stat(r->ctx, path, &st));
    if (!st.exists || st.is_dir)
        return bad(r, weir_printf(r->ctx->arena, "ssl.%s.location", which),
                   weir_printf(r->ctx->arena, "there is no file %s", path));
    WEIR_TRY(weir_file_open(r->ctx, path, &f));
    weir_rc rc = weir_file_read(r->ctx, f, head, sizeof head, &got);
    weir_file_drop(f);
    WEIR_TRY(rc);
    if (memcmp(head, "\xfe\xed\xfe\xed", 4) == 0 || memcmp(head, "\xce\xce\xce\xce", 4) == 0)
        *out = STORE_JKS;
    else if (head[0] == 0x30)
        *out = STORE_PKCS12;
    else
        *out = STORE_PEM;
    if (type && strcasecmp(type, "PEM") != 0 && strcasecmp(type, "PKCS12") != 0 &&
        strcasecmp(type, "JKS") != 0)
        return bad(r, name, "it must be PEM, PKCS12 or JKS");
    if (*out != STORE_JKS) return WEIR_OK;
    return bad(r, weir_printf(r->ctx->arena, "ssl.%s.location", which),
               weir_printf(r->ctx->arena,
                           "%s is a Java key store (JKS), which only Java reads. Convert it: "
                           "keytool -importkeystore -srckeystore %s -destkeystore %s.p12 "
                           "-deststoretype PKCS12, and give the .p12 file with "
                           "'kafka.ssl.%s.type' = 'PKCS12'",
                           path, path, path, which));
}

/* A librdkafka with an OpenSSL of its own does not look there. NULL: its own default. */
static const char *system_ca(void) { return getenv(X509_get_default_cert_file_env()); }

static weir_rc trust(reader *r) {
    const char *pem = option(r, "ssl.truststore.certificates"),
               *path = option(r, "ssl.truststore.location"),
               *password = option(r, "ssl.truststore.password");
    store_kind kind;
    secret(r, password);
    if (pem) return set(r, "ssl.ca.pem", pem), WEIR_OK;
    if (!path) return set(r, "ssl.ca.location", system_ca()), WEIR_OK;
    WEIR_TRY(kind_of(r, "truststore", path, &kind));
    if (kind == STORE_PEM) return set(r, "ssl.ca.location", path), WEIR_OK;
    WEIR_TRY(weir_kafka_trust_pem(r->ctx, path, password, &pem));
    return set(r, "ssl.ca.pem", pem), WEIR_OK;
}

static weir_rc key(reader *r) {
    const char *path = option(r, "ssl.keystore.location"),
               *password = option(r, "ssl.keystore.password"), *own = option(r, "ssl.keystore.key"),
               *chain = option(r, "ssl.keystore.certificate.chain");
    store_kind kind;
    secret(r, password);
    secret(r, option(r, "ssl.key.password"));
    secret(r, own);
    set(r, "ssl.key.pem", own);
    set(r, "ssl.certificate.pem", chain);
    if (!path) return WEIR_OK;
    WEIR_TRY(kind_of(r, "keystore", path, &kind));
    if (kind == STORE_PEM) { /* one file with the key and the chain */
        set(r, "ssl.key.location", path);
        set(r, "ssl.certificate.location", path);
        return WEIR_OK;
    }
    set(r, "ssl.keystore.location", path);
    set(r, "ssl.keystore.password", password);
    return WEIR_OK;
}

/* ---- SASL ---- */

static weir_rc user_and_password(reader *r, const weir_jaas *j) {
    const char *user = weir_jaas_get(j, "username"), *password = weir_jaas_get(j, "password");
    if (!user || !password)
        return bad(r, "sasl.jaas.config",
                   weir_printf(r->ctx->arena, "%s needs username=\"...\" and password=\"...\"",
                               j->module));
    set(r, "sasl.username", user);
    set(r, "sasl.password", password);
    secret(r, password);
    return WEIR_OK;
}

/* Whether librdkafka was built with it: "oidc", "sasl_gssapi". */
static bool has_feature(const char *name) {
    char text[512] = "";
    size_t n = sizeof text;
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    bool known = rd_kafka_conf_get(conf, "builtin.features", text, &n) == RD_KAFKA_CONF_OK;
    rd_kafka_conf_destroy(conf);
    char *rest = text;
    for (char *one; known && (one = strsep(&rest, ","));)
        if (strcmp(one, name) == 0) return true;
    return false;
}

/* Whom to trust when the token is fetched: the JAAS options, as Java has it. */
static weir_rc endpoint_trust(reader *r, const weir_jaas *j) {
    const char *path = weir_jaas_get(j, "ssl.truststore.location"), *pem = NULL,
               *password = weir_jaas_get(j, "ssl.truststore.password");
    store_kind kind;
    secret(r, password);
    if (!path) return set(r, "https.ca.location", system_ca()), WEIR_OK;
    WEIR_TRY(kind_of(r, "truststore", path, &kind));
    if (kind == STORE_PEM) return set(r, "https.ca.location", path), WEIR_OK;
    WEIR_TRY(weir_kafka_trust_pem(r->ctx, path, password, &pem));
    return set(r, "https.ca.pem", pem), WEIR_OK;
}

/* KAFKA OAuthBearerLoginCallbackHandler: client credentials for a token of an HTTP endpoint. */
static weir_rc token_endpoint(reader *r, const weir_jaas *j, const char *url) {
    static const char name[] = "sasl.oauthbearer.token.endpoint.url";
    const char *id = weir_jaas_get(j, "clientId"), *password = weir_jaas_get(j, "clientSecret");
    weir_str extensions;
    if (strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0)
        return bad(r, name, "it must begin with https://, http:// or file:");
    if (!has_feature("oidc"))
        return bad(r, name,
                   weir_printf(r->ctx->arena,
                               "librdkafka %s here is built without OIDC and fetches no tokens. "
                               "Use the one of the Python package confluent-kafka, or let another "
                               "program write the token to a file and give file:///path/of/the/"
                               "token",
                               rd_kafka_version_str()));
    if (!id || !password)
        return bad(r, "sasl.jaas.config",
                   "OAuthBearerLoginModule needs clientId=\"...\" and clientSecret=\"...\" for the "
                   "token endpoint");
    set(r, "sasl.oauthbearer.method", "oidc");
    set(r, name, url);
    set(r, "sasl.oauthbearer.client.id", id);
    set(r, "sasl.oauthbearer.client.secret", password);
    set(r, "sasl.oauthbearer.scope", weir_jaas_get(j, "scope"));
    weir_str_init(&extensions, r->ctx->arena, 1 << 16);
    for (int i = 0; i < j->n; i++)
        if (strncmp(j->option[i].key, "extension_", 10) == 0)
            weir_str_printf(&extensions, "%s%s=%s", extensions.len ? "," : "",
                            j->option[i].key + 10, j->option[i].value);
    if (extensions.len) set(r, "sasl.oauthbearer.extensions", extensions.p);
    return endpoint_trust(r, j);
}

/* A token of a file or an endpoint, or one that nobody signed (for tests). */
static weir_rc bearer(reader *r, const weir_jaas *j) {
    const char *url = option(r, "sasl.oauthbearer.token.endpoint.url"),
               *sub = weir_jaas_get(j, "unsecuredLoginStringClaim_sub"),
               *scope = weir_jaas_get(j, "unsecuredLoginStringClaim_scope");
    for (int i = 0; i < j->n; i++)
        if (strcasestr(j->option[i].key, "secret")) secret(r, j->option[i].value);
    if (url && strncmp(url, "file:", 5) == 0) {
        const char *path = url + 5;
        while (path[0] == '/' && path[1] == '/') path++;
        r->out->token_file = weir_strdup(r->ctx->arena, path);
        return WEIR_OK;
    }
    if (url) return token_endpoint(r, j, url);
    if (!sub)
        return bad(r, "sasl.jaas.config",
                   "OAuthBearerLoginModule needs the option "
                   "'kafka.sasl.oauthbearer.token.endpoint.url' = 'https://...' or "
                   "'file:///path/of/the/token', or "
                   "unsecuredLoginStringClaim_sub=\"...\" for a token that is not signed");
    if (strpbrk(sub, " \t") || (scope && strpbrk(scope, " \t")))
        return bad(r, "sasl.jaas.config", "a claim of an unsecured token holds white space");
    set(r, "enable.sasl.oauthbearer.unsecure.jwt", "true");
    set(r, "sasl.oauthbearer.config",
        weir_printf(r->ctx->arena, "principal=%s%s%s", sub, scope ? " scope=" : "",
                    scope ? scope : ""));
    return WEIR_OK;
}

static weir_rc kerberos(reader *r, const weir_jaas *j) {
    if (!has_feature("sasl_gssapi"))
        return bad(r, "sasl.mechanism",
                   weir_printf(r->ctx->arena,
                               "librdkafka %s here is built without Kerberos. Start weir with "
                               "LD_LIBRARY_PATH set to the folder of one that has it, as the "
                               "system's, /usr/lib/x86_64-linux-gnu",
                               rd_kafka_version_str()));
    set(r, "sasl.kerberos.keytab", weir_jaas_get(j, "keyTab"));
    set(r, "sasl.kerberos.principal", weir_jaas_get(j, "principal"));
    set(r, "sasl.kerberos.service.name", weir_jaas_get(j, "serviceName"));
    return WEIR_OK;
}

static const struct mechanism {
    const char *name, *module;
    weir_rc (*take)(reader *, const weir_jaas *);
} mechanisms[] = {
    {"PLAIN", "PlainLoginModule", user_and_password},
    {"SCRAM-SHA-256", "ScramLoginModule", user_and_password},
    {"SCRAM-SHA-512", "ScramLoginModule", user_and_password},
    {"OAUTHBEARER", "OAuthBearerLoginModule", bearer},
    {"GSSAPI", "Krb5LoginModule", kerberos},
};

static weir_rc sasl(reader *r) {
    const char *name = option(r, "sasl.mechanism"), *text = option(r, "sasl.jaas.config");
    const struct mechanism *m = NULL;
    weir_jaas jaas;
    if (!name) name = "GSSAPI";
    for (size_t i = 0; i < sizeof mechanisms / sizeof *mechanisms; i++)
        if (strcasecmp(mechanisms[i].name, name) == 0) m = &mechanisms[i];
    if (!m)
        return bad(r, "sasl.mechanism",
                   weir_printf(r->ctx->arena,
                               "'%s' is not one of PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, "
                               "OAUTHBEARER, GSSAPI",
                               name));
    set(r, "sasl.mechanism", m->name);
    if (!text)
        return bad(
            r, "sasl.jaas.config",
            weir_printf(r->ctx->arena,
                        "it is not set. SASL with %s%s needs a JAAS configuration: "
                        "org.apache.kafka.common.security...%s required ...;",
                        m->name,
                        option(r, "sasl.mechanism") ? "" : ", what sasl.mechanism is unless set,",
                        m->module));
    secret(r, text);
    WEIR_TRY(weir_jaas_parse(r->ctx, text, strlen(text), &jaas));
    if (strcmp(jaas.module, m->module) != 0)
        return bad(r, "sasl.jaas.config",
                   weir_printf(r->ctx->arena,
                               "the login module %s does not go with the mechanism %s, which needs "
                               "%s",
                               jaas.module, m->name, m->module));
    return m->take(r, &jaas);
}

weir_rc weir_kafka_security(weir_ctx *ctx, const weir_options *options, weir_kafka_settings *out) {
    static const char *const protocols[] = {"plaintext", "ssl", "sasl_plaintext", "sasl_ssl"};
    reader r = {ctx, options, out};
    const char *protocol = weir_kafka_get(out, "security.protocol");
    bool known = !protocol;
    for (int i = 0; protocol && i < 4; i++) known |= strcmp(protocol, protocols[i]) == 0;
    if (!known)
        return bad(&r, "security.protocol",
                   weir_printf(ctx->arena,
                               "'%s' is not one of PLAINTEXT, SSL, SASL_PLAINTEXT, SASL_SSL",
                               protocol));
    bool with_sasl = protocol && strncmp(protocol, "sasl", 4) == 0,
         with_ssl = protocol && strstr(protocol, "ssl") != NULL;
    if (with_ssl) {
        WEIR_TRY(trust(&r));
        WEIR_TRY(key(&r));
    }
    return with_sasl ? sasl(&r) : WEIR_OK;
}
