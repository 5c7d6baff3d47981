/* The inbound table as a table: every declared protocol, mode and kind of first bytes. */
#include "core/flow/flow_judge.h"

#include <string.h>

#include "core/base/buf.h"
#include "core/base/mem.h"
#include "core/tls/tls_alpn.h"
#include "tests/tap.h"

/* A ClientHello of TLS 1.2 with these protocols, each with its length in front; "": none. */
static struct str client_hello(struct buf *b, const char *alpn)
{
    size_t n = strlen(alpn), ext = n ? 2 + n : 0, exts = n ? ext + 4 : 0;
    size_t body = 2 + 32 + 1 + 2 + 2 + 2 + 2 + exts;
    const uint8_t head[] = { 22,
                             3,
                             1,
                             (uint8_t)((body + 4) >> 8),
                             (uint8_t)(body + 4),
                             1,
                             0,
                             (uint8_t)(body >> 8),
                             (uint8_t)body,
                             3,
                             3 };
    const uint8_t rest[] = { 0, 0, 2, 0x13, 1, 1, 0, (uint8_t)(exts >> 8), (uint8_t)exts };
    const uint8_t list[] = {
        0, 16, (uint8_t)(ext >> 8), (uint8_t)ext, (uint8_t)(n >> 8), (uint8_t)n
    };
    static const uint8_t random[32];

    buf_clear(b);
    buf_add(b, head, sizeof(head));
    buf_add(b, random, sizeof(random));
    buf_add(b, rest, sizeof(rest));
    if (n) {
        buf_add(b, list, sizeof(list));
        buf_add(b, alpn, n);
    }
    return buf_str(b);
}

enum bytes {
    HTTP1,
    HTTP10,
    PREFACE,
    OTHER,
    TLS,         /* no ALPN, or an app's */
    TLS_H2,      /* a browser's */
    ISTIO,       /* Istio's for TCP */
    ISTIO_HTTP1, /* Istio's for HTTP */
    ISTIO_H2,
    MESH,
    KINDS
};

static const char *const alpns[KINDS] = {
    [TLS] = "",
    [TLS_H2] = "\2h2\10http/1.1",
    [ISTIO] = "\23istio-peer-exchange\5istio",
    [ISTIO_HTTP1] = "\16istio-http/1.1\5istio\10http/1.1",
    [ISTIO_H2] = "\10istio-h2\5istio\2h2",
    [MESH] = "\7mesh-h2\5istio",
};

static struct str bytes_of(struct buf *b, enum bytes kind)
{
    switch (kind) {
    case HTTP1:
        return STR("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    case HTTP10:
        return STR("GET / HTTP/1.0\r\n\r\n");
    case PREFACE:
        return STR("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    case OTHER:
        return STR("\1\2\3\4 binary");
    default:
        return client_hello(b, alpns[kind]);
    }
}

/* One letter for what becomes of a connection: Http, Bytes, Mtls, then Http or Bytes inside (M, m),
 * the hop (*), refused (-). */
static char outcome(const struct model_inbound_port *port, enum bytes kind)
{
    enum flow_verdict verdict = flow_judge_inbound_unseen(port, true);
    uint32_t offered, negotiated;
    struct sniff_hello hello;
    struct buf b;
    struct str s;
    char what = '?';

    buf_init(&b, 0);
    s = bytes_of(&b, kind);
    if (verdict == FLOW_VERDICT_MORE)
        verdict = flow_judge_inbound(port, true, false, s, false);
    if (verdict == FLOW_VERDICT_HTTP) {
        what = 'H';
    } else if (verdict == FLOW_VERDICT_TCP) {
        what = 'B';
    } else if (verdict == FLOW_VERDICT_REFUSE) {
        what = '-';
    } else if (verdict == FLOW_VERDICT_TLS && sniff_tls(s, &hello) != SNIFF_YES) {
        what = '-'; /* the handshake fails */
    } else if (verdict == FLOW_VERDICT_TLS) {
        offered = flow_judge_offered(&hello);
        negotiated = offered & TLS_ALPN_MESH;
        what = flow_judge_inbound_tls_is_http(port, offered, negotiated) ? negotiated ? '*' : 'M'
                                                                         : 'm';
    }
    buf_deinit(&b);
    return what;
}

static void mt_1_mt_2_every_port_mode_and_first_bytes(void)
{
    static const struct {
        uint8_t protocol, mode;
        const char *want; /* by enum bytes: HTTP/1.1, 1.0, preface, other, TLS, TLS of a browser,
                             istio, istio-http/1.1, istio-h2, mesh */
    } rows[] = {
        { MODEL_PROTOCOL_AUTO, MODEL_MTLS_PERMISSIVE, "HBHBBBmMM*" },
        { MODEL_PROTOCOL_HTTP, MODEL_MTLS_PERMISSIVE, "HHHH--MMM*" },
        { MODEL_PROTOCOL_HTTP2, MODEL_MTLS_PERMISSIVE, "HHHH--MMM*" },
        { MODEL_PROTOCOL_GRPC, MODEL_MTLS_PERMISSIVE, "HHHH--MMM*" },
        { MODEL_PROTOCOL_TCP, MODEL_MTLS_PERMISSIVE, "BBBBBBmmm*" },
        { MODEL_PROTOCOL_TLS, MODEL_MTLS_PERMISSIVE, "BBBBBBmmm*" },
        { MODEL_PROTOCOL_HTTPS, MODEL_MTLS_PERMISSIVE, "BBBBBBmmm*" },
        /* STRICT: the certificate that a client without one of the mesh lacks is not seen here. */
        { MODEL_PROTOCOL_AUTO, MODEL_MTLS_STRICT, "----mmmMM*" },
        { MODEL_PROTOCOL_HTTP, MODEL_MTLS_STRICT, "----MMMMM*" },
        { MODEL_PROTOCOL_TCP, MODEL_MTLS_STRICT, "----mmmmm*" },
        { MODEL_PROTOCOL_TLS, MODEL_MTLS_STRICT, "----mmmmm*" },
        { MODEL_PROTOCOL_AUTO, MODEL_MTLS_DISABLE, "HBHBBBBBBB" },
        { MODEL_PROTOCOL_HTTP, MODEL_MTLS_DISABLE, "HHHHHHHHHH" },
        { MODEL_PROTOCOL_GRPC, MODEL_MTLS_DISABLE, "HHHHHHHHHH" },
        { MODEL_PROTOCOL_TCP, MODEL_MTLS_DISABLE, "BBBBBBBBBB" },
        { MODEL_PROTOCOL_HTTPS, MODEL_MTLS_DISABLE, "BBBBBBBBBB" },
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct model_inbound_port port = { .protocol = rows[i].protocol,
                                                 .mtls = rows[i].mode };
        char got[KINDS + 1] = { 0 };

        for (int k = 0; k < KINDS; k++)
            got[k] = outcome(&port, (enum bytes)k);
        if (!EQ_STR(got, rows[i].want))
            NOTE("protocol %d, mode %d", rows[i].protocol, rows[i].mode);
    }
}

static void a_sidecars_tls_counts_where_mutual_tls_is_disabled(void)
{
    struct model_inbound_port port = { .protocol = MODEL_PROTOCOL_HTTPS,
                                       .own_tls = true,
                                       .mtls = MODEL_MTLS_DISABLE };

    EQ_INT(flow_judge_inbound_unseen(&port, true), FLOW_VERDICT_REFUSE); /* no good certificate */
    port.tls = (struct tls_config *)&port;
    EQ_INT(flow_judge_inbound_unseen(&port, false), FLOW_VERDICT_TLS);
    OK(flow_judge_inbound_tls_is_http(&port, 0, 0));
    port.protocol = MODEL_PROTOCOL_TLS;
    OK(!flow_judge_inbound_tls_is_http(&port, TLS_ALPN_ISTIO_HTTP, 0));
    port.mtls = MODEL_MTLS_STRICT;
    OK(!flow_judge_ends_own_tls(&port));
    port.mtls = MODEL_MTLS_PERMISSIVE;
    EQ_INT(flow_judge_inbound_unseen(&port, true), FLOW_VERDICT_MORE);
}

static void without_a_certificate_no_tls_is_ended(void)
{
    const struct model_inbound_port strict = { .mtls = MODEL_MTLS_STRICT };
    const struct model_inbound_port permissive = { .mtls = MODEL_MTLS_PERMISSIVE };
    struct buf b;

    buf_init(&b, 0);
    EQ_INT(flow_judge_inbound_unseen(&strict, false), FLOW_VERDICT_REFUSE);
    EQ_INT(flow_judge_inbound(&permissive, false, false, bytes_of(&b, ISTIO), false),
           FLOW_VERDICT_REFUSE);
    EQ_INT(flow_judge_inbound(&permissive, false, false, bytes_of(&b, TLS), false),
           FLOW_VERDICT_TCP);
    buf_deinit(&b);
}

static void pieces_wait_for_more_until_there_is_none(void)
{
    static const struct {
        uint8_t protocol;
        const char *bytes;
        enum flow_verdict now, last;
    } rows[] = {
        { MODEL_PROTOCOL_AUTO, "", FLOW_VERDICT_MORE, FLOW_VERDICT_TCP },
        { MODEL_PROTOCOL_AUTO, "GE", FLOW_VERDICT_MORE, FLOW_VERDICT_TCP },
        { MODEL_PROTOCOL_AUTO, "PRI * HTTP", FLOW_VERDICT_MORE, FLOW_VERDICT_TCP },
        { MODEL_PROTOCOL_AUTO, "\x16\x03\x01", FLOW_VERDICT_MORE, FLOW_VERDICT_TCP },
        { MODEL_PROTOCOL_HTTP, "\x16\x03\x01", FLOW_VERDICT_MORE, FLOW_VERDICT_HTTP },
        { MODEL_PROTOCOL_HTTP, "G", FLOW_VERDICT_HTTP, FLOW_VERDICT_HTTP },
        { MODEL_PROTOCOL_TCP, "G", FLOW_VERDICT_TCP, FLOW_VERDICT_TCP },
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct model_inbound_port port = { .protocol = rows[i].protocol,
                                                 .mtls = MODEL_MTLS_PERMISSIVE };
        struct str bytes = str_of(rows[i].bytes);

        EQ_INT(flow_judge_inbound(&port, true, false, bytes, false), rows[i].now);
        EQ_INT(flow_judge_inbound(&port, true, false, bytes, true), rows[i].last);
    }
}

static void ps_3_http10_is_bytes_unless_it_is_served(void)
{
    struct str old = STR("GET / HTTP/1.0\r\n");

    EQ_INT(flow_judge_plain(old, false), FLOW_VERDICT_TCP);
    EQ_INT(flow_judge_plain(old, true), FLOW_VERDICT_HTTP);
    EQ_INT(flow_judge_plain(STR("GET / HTTP/1.1\r\n"), false), FLOW_VERDICT_HTTP);
}

static const struct tap_case cases[] = {
    { "mt_1_mt_2_every_port_mode_and_first_bytes", mt_1_mt_2_every_port_mode_and_first_bytes },
    { "a_sidecars_tls_counts_where_mutual_tls_is_disabled",
      a_sidecars_tls_counts_where_mutual_tls_is_disabled },
    { "without_a_certificate_no_tls_is_ended", without_a_certificate_no_tls_is_ended },
    { "pieces_wait_for_more_until_there_is_none", pieces_wait_for_more_until_there_is_none },
    { "ps_3_http10_is_bytes_unless_it_is_served", ps_3_http10_is_bytes_unless_it_is_served },
};

TAP_MAIN(cases)
