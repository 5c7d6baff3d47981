"""RequestAuthentication: tokens at a sidecar and at a gateway."""

import base64
import http.server
import json
import threading

import pytest
import yaml

from meshtest import free_port, until
from meshtest.delta import Delta
from meshtest.objects import gateway, obj, routes, service, endpoint, to
from meshtest.tokens import Keys

FIRST, SECOND = "https://one.test", "https://two.test"


@pytest.fixture(scope="module")
def one():
    return Keys(FIRST, 1)


@pytest.fixture(scope="module")
def two():
    return Keys(SECOND, 2)


def rule(keys, **more):
    return {"issuer": keys.issuer, "jwks": keys.jwks, **more}


def authentication(*rules, name="jwt", **spec):
    return obj("RequestAuthentication", name, {"jwtRules": list(rules), **spec})


def policy(name, action, *rules):
    return obj("AuthorizationPolicy", name, {"action": action, "rules": list(rules)})


@pytest.fixture
def app(rig, echo):
    def start(*objects):
        upstream = echo.http()
        proxy = rig.inbound(rig.config(*objects), upstream.port, "http")
        proxy.app = upstream
        return proxy
    return start


def get(proxy, token=None, path="/", **headers):
    if token:
        headers["authorization"] = f"Bearer {token}"
    return proxy.http(path, headers={name.replace("_", "-"): value for name, value in headers.items()})


def seen(reply):
    """Headers that the app got."""
    return dict(reply.json()["headers"])


def test_jw_1_tokens_that_do_not_verify_are_401(app, one, two):
    proxy = app(authentication(rule(one)))
    assert get(proxy).status == 200  # JW-2: a token is not required
    assert get(proxy, one.token()).status == 200
    bad = one.token()[:-6] + "AAAAAA"
    for token, body in [(one.token(exp=-120), "Jwt is expired"), (bad, "Jwt verification fails"),
                        (two.token(), "Jwt issuer is not configured"),
                        (two.token(issuer=FIRST), "Jwks doesn't have key to match kid or alg from Jwt"),
                        ("not-a-token", "Jwt is not in the form of Header.Payload.Signature with two dots and 3 sections"),
                        (one.token(nbf=32503680000), "Jwt not yet valid"),
                        (one.token(alg="none"), "Jwt header [alg] is not supported")]:
        reply = get(proxy, token, "/x?y=1")
        assert (reply.status, reply.text()) == (401, body)
        assert dict(reply.headers)["www-authenticate"].endswith('/x?y=1", error="invalid_token"')
        assert dict(reply.headers)["www-authenticate"].startswith('Bearer realm="http://')
    assert get(proxy, one.token(exp=-30)).status == 200  # JW-7: 60 s of skew


def test_jw_1_audiences_that_are_not_allowed_are_403(app, one):
    proxy = app(authentication(rule(one, audiences=["a", "b"])))
    assert get(proxy, one.token(aud="b")).status == 200
    assert get(proxy, one.token(aud=["x", "a"])).status == 200
    for aud in ("x", ["x"], None):
        reply = get(proxy, one.token(aud=aud))
        assert (reply.status, reply.text()) == (403, "Audiences in Jwt are not allowed")


def test_jw_2_a_policy_requires_a_token(app, one):
    deny = {"from": [{"source": {"notRequestPrincipals": ["*"]}}]}
    proxy = app(authentication(rule(one)), policy("require", "DENY", deny))
    assert get(proxy, one.token()).status == 200
    reply = get(proxy)
    assert (reply.status, reply.text()) == (403, "RBAC: access denied")


def test_jw_3_tokens_of_any_issuer_will_do(app, one, two):
    proxy = app(authentication(rule(one), rule(two)),
                policy("who", "ALLOW", {"from": [{"source": {"requestPrincipals": [f"{SECOND}/bob"]}}]}))
    assert get(proxy, two.token(sub="bob")).status == 200
    assert get(proxy, one.token(sub="bob")).status == 403
    assert get(proxy, two.token(sub="bob", exp=-120)).status == 401


def test_jw_3_rules_of_several_objects_are_one_list(app, one, two):
    proxy = app(authentication(rule(one), name="a"), authentication(rule(two), name="b"))
    assert get(proxy, one.token()).status == 200
    assert get(proxy, two.token()).status == 200


def test_jw_4_places(app, one):
    usual = app(authentication(rule(one)))
    token = one.token()
    need = policy("require", "DENY", {"from": [{"source": {"notRequestPrincipals": ["*"]}}]})
    assert get(usual, path=f"/?access_token={token}").status == 200
    chosen = app(authentication(rule(one, fromHeaders=[{"name": "X-Token", "prefix": "Value "}, {"name": "y-token"}],
                                     fromParams=["t", "u"], fromCookies=["session"])), need)
    for options in ({"x_token": f"Value {token}"}, {"y_token": token}, {"path": f"/?a=1&t={token}"},
                    {"cookie": f"a=b; session={token}"}):
        assert get(chosen, **options).status == 200
    for options in ({"x_token": f"Other {token}"}, {"path": f"/?access_token={token}"}, {"authorization": f"Bearer {token}"}):
        assert get(chosen, **options).status == 403  # not looked at: no token
    assert get(chosen, path=f"/?t={token}&u={one.token(exp=-120)}").status == 401  # every one must verify


def test_jw_5_what_the_app_gets(app, one):
    outputs = [{"header": "x-sub", "claim": "sub"}, {"header": "x-deep", "claim": "nested.n.key"}, {"header": "x-list", "claim": "groups"}]
    taken = app(authentication(rule(one, outputPayloadToHeader="x-payload", outputClaimToHeaders=outputs)))
    token = one.token(nested={"n": {"key": 7}}, groups=["g"])
    got = seen(get(taken, token, x_sub="mallory", x_payload="mine"))
    assert "authorization" not in got and got["x-sub"] == "ann" and got["x-deep"] == "7" and "x-list" not in got
    assert json.loads(base64.urlsafe_b64decode(got["x-payload"] + "=="))["sub"] == "ann"
    got = seen(get(taken, x_sub="mallory", x_payload="mine"))
    assert "x-sub" not in got and "x-payload" not in got
    assert get(taken, path=f"/p?a=1&access_token={token}&b=2").json()["target"] == "/p?a=1&b=2"
    assert get(taken, path=f"/p?access_token={token}").json()["target"] == "/p"
    kept = app(authentication(rule(one, forwardOriginalToken=True)))
    assert seen(get(kept, token))["authorization"] == f"Bearer {token}"


def test_jw_7_algorithms(app, one):
    proxy = app(authentication(rule(one)))
    for alg in ("RS256", "PS256", "ES256"):
        assert get(proxy, one.token(alg=alg)).status == 200


def test_preflights_pass_without_a_look(app, one):
    proxy = app(authentication(rule(one)))
    bad = {"authorization": "Bearer x", "access-control-request-method": "GET"}
    assert proxy.http("/", method="OPTIONS", headers={**bad, "origin": "http://a"}).status == 200
    assert proxy.http("/", method="OPTIONS", headers=bad).status == 401


def test_az_15_claims_in_policies(app, one):
    proxy = app(authentication(rule(one)), policy("claims", "ALLOW", {"when": [
        {"key": "request.auth.claims[groups]", "values": ["admin*"]},
        {"key": "request.auth.claims[nested][level]", "notValues": ["0"]},
        {"key": "request.auth.audiences", "values": ["api"]},
        {"key": "request.auth.presenter", "values": ["cli"]}]}))
    good = {"groups": ["x", "admins"], "nested": {"level": 1}, "aud": ["api"], "azp": "cli"}
    assert get(proxy, one.token(**good)).status == 200
    for change in ({"groups": ["x"]}, {"nested": {"level": 0}}, {"aud": "other"}, {"azp": None}, {"groups": None}):
        assert get(proxy, one.token(**{**good, **change})).status == 403
    words = app(authentication(rule(one)), policy("scope", "ALLOW", {"when": [{"key": "request.auth.claims[scope]", "values": ["write"]}]}))
    assert get(words, one.token(scope="read write")).status == 200
    assert get(words, one.token(scope="read writer")).status == 403


def test_keys_and_expiry_while_running(app, one, two):
    """What verified once is not believed longer than it is valid, nor after its keys went."""
    proxy = app(authentication(rule(one)))
    token = one.token(exp=-57)  # good for three seconds more
    assert get(proxy, token).status == 200
    until(lambda: get(proxy, token).status == 401, "the token expires")
    token = one.token()
    assert get(proxy, token).status == 200
    proxy.config.put(authentication({"issuer": FIRST, "jwks": two.jwks}))
    until(lambda: get(proxy, token).status == 401, "the keys are gone")


@pytest.fixture
def edge(rig, echo, one):
    """A gateway with a VirtualService of these rules, tokens of `one` taken."""
    def start(*rules):
        upstream, port = echo.http(), free_port()
        return rig.gateway(rig.config(
            gateway((port, "HTTP", ["*"], None)), service("app.test", (80, "HTTP"), endpoints=[endpoint(upstream.port)]),
            routes("all", "*", *rules), authentication(rule(one))))
    return start


def test_jw_8_and_vs_8_routes_by_claims(edge, one):
    def match(**how):
        return {"match": [how], "route": [to("app.test")]}
    proxy = edge(match(headers={"@request.auth.claims.sub": {"exact": "ann"}, "@request.auth.claims[groups]": {"prefix": "adm"}}),
                 match(headers={"@request.auth.claims[https://x.test/role][n]": {"regex": "r[0-9]"}}),
                 match(withoutHeaders={"@request.auth.claims.blocked": {"exact": "yes"}}, uri={"prefix": "/free"}))
    assert get(proxy, one.token(exp=-120)).status == 401
    assert get(proxy, one.token(groups=["adm1"])).status == 200
    assert get(proxy, one.token(groups=["x"])).status == 404
    assert get(proxy, one.token(sub="bob", groups=["adm1"])).status == 404
    assert get(proxy).status == 404
    assert get(proxy, one.token(**{"https://x.test/role": {"n": "r5"}})).status == 200
    assert get(proxy, one.token(), "/free").status == 200
    assert get(proxy, path="/free").status == 200
    assert get(proxy, one.token(blocked="yes"), "/free").status == 404
    assert get(proxy, one.token(exp=-120), "/free").status == 401
    assert get(proxy, "", "/", **{"@request.auth.claims.sub": "ann"}).status in (400, 404)


# ---- keys that are fetched ----

class KeyServer(http.server.ThreadingHTTPServer):
    """Serves documents by path; .asked counts requests."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), KeyHandler)
        self.documents, self.asked = {}, []
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, daemon=True).start()


class KeyHandler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append(self.path)
        text = self.server.documents.get(self.path)
        self.send_response(200 if text is not None else 404)
        self.end_headers()
        self.wfile.write((text or "").encode())

    def log_message(self, *args):
        pass


@pytest.fixture
def key_server():
    server = KeyServer()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def fetching(rig, echo):
    """A sidecar that may ask this machine for keys."""
    def start(*objects, blocked=""):
        upstream = echo.http()
        return rig.inbound(rig.config(*objects), upstream.port, "http", "--jwks-blocked", blocked)
    return start


def test_jw_6_keys_are_fetched(fetching, key_server, one):
    key_server.documents["/keys"] = one.jwks
    proxy = fetching(authentication({"issuer": FIRST, "jwksUri": key_server.url + "/keys"}))
    until(lambda: get(proxy, one.token()).status == 200, "the keys came")
    assert get(proxy).status == 200
    assert get(proxy, one.token(exp=-120)).status == 401


def test_jw_6_keys_are_found_through_the_issuer(fetching, key_server):
    keys = Keys(key_server.url, 1)
    key_server.documents["/.well-known/openid-configuration"] = json.dumps({"issuer": keys.issuer, "jwks_uri": key_server.url + "/k"})
    key_server.documents["/k"] = keys.jwks
    proxy = fetching(authentication({"issuer": keys.issuer}))
    until(lambda: get(proxy, keys.token()).status == 200, "the keys came")


def test_jw_6_without_keys_tokens_are_refused_and_the_server_is_asked_again(fetching, key_server, one):
    proxy = fetching(authentication({"issuer": FIRST, "jwksUri": key_server.url + "/keys"}))
    reply = get(proxy, one.token())
    assert (reply.status, reply.text()) == (401, "Jwks remote fetch is failed")
    assert get(proxy).status == 200
    until(lambda: key_server.asked, "it was asked")
    key_server.documents["/keys"] = one.jwks
    until(lambda: get(proxy, one.token()).status == 200, "it was asked again", limit_s=20)


def test_keys_are_not_fetched_from_this_machine(rig, echo, key_server, one):
    key_server.documents["/keys"] = one.jwks
    rules = authentication({"issuer": FIRST, "jwksUri": key_server.url + "/keys"})
    upstream = echo.http()
    proxy = rig.inbound(rig.config(rules), upstream.port, "http")
    until(lambda: "not asked" in proxy.process.log(), "the refusal is logged")
    assert get(proxy, one.token()).status == 401
    assert key_server.asked == []


def test_control_fetches_keys_for_its_proxies(mesh, key_server, one, tmp_path):
    key_server.documents["/keys"] = one.jwks
    control = mesh("control", "--api", "none", "--xds", "none", "--xds-plain", "127.0.0.1:0", "--jwks-blocked", "")
    port = int(control.wait_line(r"^xds-plain 127.0.0.1:(\d+)", limit_s=30).group(1))
    (tmp_path / "jwt.yaml").write_text(yaml.safe_dump(authentication({"issuer": FIRST, "jwksUri": key_server.url + "/keys"})))
    mesh.run("apply", "-f", tmp_path / "jwt.yaml")
    client = Delta(port, "waypoint~10.0.0.9~web.default~default.svc.cluster.local")
    client.subscribe("mesh.dev/v1/Object")
    name = "requestauthentications.security.istio.io/default/jwt"
    seen_keys = []

    def has_keys(changed, _):
        seen_keys.append(json.loads(one.jwks)["keys"][0]["kid"].encode() in changed.get(name, b""))
        return seen_keys[-1]
    client.until(has_keys)
    client.close()
    assert "jwks:" not in mesh.run("get", "requestauthentication", "jwt", "-o", "yaml").out  # what the user wrote stays
