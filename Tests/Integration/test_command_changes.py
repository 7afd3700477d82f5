"""Models, routes, credentials and surfaces by command line: added, changed and removed."""

import uuid

import pytest
from desk import SHAPES, USAGE, furnish

# MARK: adding and changing

EVERYTHING = {
    "model": (
        ["add", "whole"],
        [
            ("--title", "Whole", "title", "Whole"),
            ("--system-prompt", "Speak\n«so»", "system_prompt", "Speak\n«so»"),
            ("--prefix-prompt", "Speak\n«thus»", "prefix_prompt", "Speak\n«thus»"),
            ("--parameters", '{"temperature": 0.30, "stop": ["a"]}', "parameters", {"temperature": 0.3, "stop": ["a"]}),
            ("--reasoning", "full", "reasoning", "full"),
            ("--history-limit", 7, "history_limit", 7),
            ("--history-token-limit", 700, "history_token_limit", 700),
            ("--durability", "relaxed", "durability", "relaxed"),
            ("--chunking", "words", "chunking", "words"),
            ("--chunk-bytes", 64, "chunk_bytes", 64),
            ("--chunk-delay-ms", 500, "chunk_delay_ms", 500),
            ("--on-interrupt", "restart", "on_interrupt", "restart"),
            ("--retry-budget-ms", 0, "retry_budget_ms", 0),
            ("--abandon-after-ms", 60_000, "abandon_after_ms", 60_000),
            ("--no-stream", None, "stream", False),
            ("--notool", None, "notool", True),
            ("--nopreprompt", None, "nopreprompt", True),
            ("--disable", None, "enabled", False),
        ],
    ),
    "route": (
        ["add", "fast"],
        [
            ("--provider-model", "large", "provider_model", "large"),
            ("--region", "https://llm.example/v1", "region", "https://llm.example/v1"),
            ("--driver", "anthropic", "driver", "anthropic"),
            ("--credential", "gateway", "credential", "gateway"),
            ("--priority", 3, "priority", 3),
            ("--weight", 5, "weight", 5),
            ("--overrides", '{"top_k": 4}', "overrides", {"top_k": 4}),
            ("--headers", '{"x-team": "chat"}', "headers", {"x-team": "chat"}),
            ("--query", '{"api-version": "1"}', "query", {"api-version": "1"}),
            ("--http-version", 2, "http_version", 2),
            ("--concurrency-limit", 6, "concurrency_limit", 6),
            ("--connect-timeout-ms", 11, "connect_timeout_ms", 11),
            ("--first-byte-timeout-ms", 12, "first_byte_timeout_ms", 12),
            ("--first-token-timeout-ms", 13, "first_token_timeout_ms", 13),
            ("--idle-timeout-ms", 14, "idle_timeout_ms", 14),
            ("--total-timeout-ms", 15, "total_timeout_ms", 15),
            ("--disable", None, "enabled", False),
        ],
    ),
    "credential": (
        ["add", "whole"],
        [
            ("--reference", "file:/run/key", "reference", "file:/run/key"),
            ("--managed-domain", "llm.example", "managed_domain", "llm.example"),
            ("--client-certificate", "file:/run/c.pem", "client_certificate", "file:/run/c.pem"),
            ("--client-key", "file:/run/k.pem", "client_key", "file:/run/k.pem"),
            ("--ca-bundle", "file:/run/ca.pem", "ca_bundle", "file:/run/ca.pem"),
        ],
    ),
    "surface": (
        ["add", "whole"],
        [
            ("--kind", "discord", "kind", "discord"),
            ("--origin", "https://shop.example", "allowed_origins", ["https://shop.example"]),
            ("--anonymous", None, "anonymous", True),
            ("--default-model", "faster", "default_model", "faster"),
            ("--pace-ms", 0, "pace_ms", 0),
            ("--session-limit", 9, "session_limit", 9),
            ("--chunking", "sentences", "chunking", "sentences"),
            ("--chunk-bytes", 4096, "chunk_bytes", 4096),
            ("--chunk-delay-ms", 10, "chunk_delay_ms", 10),
            ("--role", "support", "role", "support"),
            ("--anonymous-role", "support", "anonymous_role", "support"),
            ("--capabilities", "classic,links", "capabilities", ["classic", "links"]),
            ("--team", "Sales", "team", "Sales"),
            ("--project", "Spring", "project", "Spring"),
            ("--retention-days", 30, "retention_days", 30),
            ("--disable", None, "enabled", False),
        ],
    ),
    "role": (
        ["add", "whole"],
        [
            ("--all-models", None, "all_models", True),
            ("--all-tools", None, "all_tools", True),
            ("--model", "faster", "models", ["faster"]),
            ("--tool", "find", "tools", ["find"]),
        ],
    ),
    "issuer": (
        ["add", "web"],
        [
            ("--issuer", "https://id.example", "issuer", "https://id.example"),
            ("--audience", "chat", "audience", "chat"),
            ("--algorithm", "ES256", "algorithms", ["ES256"]),
            ("--jwks", "https://id.example/jwks", "jwks", "https://id.example/jwks"),
            ("--clock-skew-s", 0, "clock_skew_s", 0),
            ("--lifetime-s", 60, "lifetime_s", 60),
            ("--once", None, "once", True),
            ("--disable", None, "enabled", False),
        ],
    ),
}
# What the program or PostgreSQL fills in, and what `set` takes apart from the options.
FILLED = {"id", "name", "created_at", "updated_at", "model_id", "credential_id", "sealed", "sealed_key"}
FILLED |= {"role_id", "anonymous_role_id"}
FILLED |= {"surface_id", "secret"}


def flat(options) -> list:
    return [word for option, value, *_ in options for word in ([option] if value is None else [option, value])]


@pytest.mark.parametrize("noun", EVERYTHING)
def test_every_column_can_be_added_and_set(desk, noun):
    furnish(desk)
    add, options = EVERYTHING[noun]
    wanted = {column: value for _, _, column, value in options}
    table = SHAPES[noun][0]
    assert set(wanted) | FILLED >= desk.columns(table)

    added = desk.json(noun, *add, *flat(options))
    assert {column: added[column] for column in wanted} == wanted

    # The same, one by one, on a row that has the defaults.
    desk.do(noun, "remove", added["id"])
    least = {
        "model": ["plain"],
        "route": ["fast", "--provider-model", "p", "--region", "http://a"],
        "credential": ["plain", "--reference", "env:A"],
        "surface": ["plain", "--kind", "web"],
        "role": ["plain"],
        "issuer": ["web", "--issuer", "i", "--audience", "a", "--algorithm", "RS256", "--jwks", "file:/run/jwks"],
    }
    plain = desk.json(noun, "add", *least[noun])
    for option, value, column, result in options:
        if column in ("client_certificate", "client_key"):
            continue
        before = desk.json(noun, "show", plain["id"])
        after = desk.json(noun, "set", plain["id"], *flat([(option, value)]))
        assert after[column] == result
        changed = {name for name in after if after[name] != before[name]} - {"updated_at", "credential_id", "role_id", "anonymous_role_id"}
        assert changed <= ({column, "secret"} if column == "reference" else {column})


@pytest.mark.parametrize(
    ("noun", "columns"),
    [
        (
            "model",
            {
                "system-prompt": "system_prompt",
                "prefix-prompt": "prefix_prompt",
                "history-token-limit": "history_token_limit",
                "abandon-after-ms": "abandon_after_ms",
            },
        ),
        (
            "route",
            {
                "credential": "credential",
                "total-timeout-ms": "total_timeout_ms",
                "region": "region",
                "concurrency-limit": "concurrency_limit",
            },
        ),
        (
            "credential",
            {
                "managed-domain": "managed_domain",
                "ca-bundle": "ca_bundle",
                "client-certificate client-key": "client_certificate",
            },
        ),
        (
            "surface",
            {
                "default-model": "default_model",
                "chunking": "chunking",
                "chunk-bytes": "chunk_bytes",
                "chunk-delay-ms": "chunk_delay_ms",
                "role": "role",
                "anonymous-role": "anonymous_role",
                "team": "team",
                "project": "project",
                "retention-days": "retention_days",
            },
        ),
    ],
)
def test_what_may_be_null_can_be_emptied(desk, noun, columns):
    furnish(desk)
    add, options = EVERYTHING[noun]
    row = desk.json(noun, *add, *flat(options))
    for names, column in columns.items():
        assert row[column] is not None
        words = [word for name in names.split() for word in ("--unset", name)]
        assert desk.json(noun, "set", row["id"], *words)[column] is None


def test_a_credential_may_be_a_certificate_alone(desk):
    pair = ["--client-certificate", "file:/run/c.pem", "--client-key", "file:/run/k.pem"]
    assert desk.json("credential", "add", "gateway", *pair)["reference"] is None
    emptied = ["--unset", "client-certificate", "--unset", "client-key"]
    assert "--reference" in desk.refused("credential", "set", "gateway", *emptied)


def test_an_issuer_has_keys_of_one_kind(desk):
    furnish(desk)
    names = ["--issuer", "helpdesk", "--audience", "sluice"]
    shared = desk.json("issuer", "add", "web", *names, "--secret", "env:HELPDESK")
    assert (shared["algorithms"], shared["secret"], shared["jwks"]) == (["HS256"], "env:HELPDESK", None)
    kinds = ["--algorithm", "ES256", "--algorithm", "EdDSA"]
    public = desk.json("issuer", "set", shared["id"], *kinds, "--jwks", "file:/run/jwks")
    assert (public["algorithms"], public["secret"], public["jwks"]) == (["ES256", "EdDSA"], None, "file:/run/jwks")
    assert "HS256 alone" in desk.refused("issuer", "set", shared["id"], "--secret", "env:HELPDESK")
    assert [row["issuer"] for row in desk.json("issuer", "list", "--surface", "web")] == [
        "helpdesk", "https://shop.example",
    ]
    assert shared["id"] in desk.do("issuer", "remove", shared["id"][:8])
    assert "there is no issuer" in desk.refused("issuer", "remove", shared["id"])


def test_long_values_come_from_files(desk, tmp_path):
    prompt = tmp_path / "prompt.txt"
    prompt.write_text("Line one\nLine two\n")
    row = desk.json("model", "add", "a", "--system-prompt", f"@{prompt}", "--parameters", "@-", stdin='{"seed": 1}')
    assert (row["system_prompt"], row["parameters"]) == ("Line one\nLine two", {"seed": 1})
    assert desk.json("model", "set", "a", "--system-prompt", "@@home")["system_prompt"] == "@home"
    assert "--system-prompt" in desk.refused("model", "set", "a", "--system-prompt", "@/nonexistent", code=USAGE)
    prompt.write_bytes(b"\xff")
    assert "UTF-8" in desk.refused("model", "set", "a", "--system-prompt", f"@{prompt}", code=USAGE)
    prompt.write_bytes(b"x" * ((1 << 20) + 1))
    assert "1 MiB" in desk.refused("model", "set", "a", "--system-prompt", f"@{prompt}", code=USAGE)


def test_origins_are_replaced_and_emptied(desk):
    desk.do("surface", "add", "web", "--kind", "web", "--origin", "https://a.example", "--origin", "https://b.example")
    assert desk.json("surface", "show", "web")["allowed_origins"] == ["https://a.example", "https://b.example"]
    assert desk.json("surface", "set", "web", "--origin", "*")["allowed_origins"] == ["*"]
    assert desk.json("surface", "set", "web", "--no-origins")["allowed_origins"] == []


def test_capabilities_are_replaced_and_emptied(desk):
    added = desk.json("surface", "add", "web", "--kind", "web")
    assert added["capabilities"] == ["poll", "sse", "classic", "openai", "tools", "images"]
    assert desk.json("surface", "set", "web", "--capabilities", "sse")["capabilities"] == ["sse"]
    assert desk.json("surface", "set", "web", "--capabilities", "")["capabilities"] == []


def test_things_are_renamed(desk):
    furnish(desk)
    for noun, name in (("model", "fast"), ("credential", "gateway"), ("surface", "web"), ("role", "support")):
        assert desk.json(noun, "set", name, "--name", "renamed")["name"] == "renamed"
        assert desk.json(noun, "show", "renamed")
    assert desk.json("surface", "show", "renamed")["default_model"] == "renamed"
    assert desk.json("role", "show", "renamed")["models"] == ["renamed"]
    route = desk.json("route", "list", "--model", "renamed")[0]
    assert (route["model"], route["credential"]) == ("renamed", "renamed")


def test_lists_can_be_narrowed(desk):
    furnish(desk)
    desk.do("surface", "add", "shop", "--kind", "web")
    desk.do("key", "add", "shop", "--label", "Other")
    assert [key["label"] for key in desk.json("key", "list", "--surface", "shop")] == ["Other"]
    assert desk.json("route", "list", "--model", "faster") == []
    assert [route["model"] for route in desk.json("route", "list", "--model", "fast")] == ["fast"]


# MARK: removing


def test_what_nothing_points_at_is_removed(desk):
    furnish(desk)
    assert "default of: web" in desk.refused("model", "remove", "fast")
    desk.do("key", "add", "web", "--label", "Second")
    assert "removed" in desk.do("surface", "remove", "web")
    assert desk.json("key", "list") == []
    route = desk.json("route", "list")[0]["id"]
    assert route in desk.refused("credential", "remove", "gateway")
    assert "1" in desk.do("model", "remove", "fast")
    assert desk.json("route", "list") == []
    desk.do("credential", "remove", "gateway")
    assert desk.json("credential", "list") == []


def test_a_route_is_removed_alone(desk):
    furnish(desk)
    route = desk.json("route", "list")[0]["id"]
    assert "fast" in desk.do("route", "remove", route)
    assert "there is no route" in desk.refused("route", "remove", route)
    assert len(desk.json("model", "list")) == 2


@pytest.mark.parametrize("what", ["conversations", "linked identities"])
def test_a_surface_in_use_is_disabled_instead(desk, what):
    furnish(desk)
    surface = desk.json("surface", "show", "web")["id"]
    identity = desk.insert("identity", kind="person")["id"]
    if what == "conversations":
        desk.insert("conversation", id=uuid.uuid4(), identity_id=identity, surface_id=surface)
    else:
        desk.insert("identity_link", surface_id=surface, external_id="42", identity_id=identity)
    said = desk.do("surface", "remove", "web")
    assert what in said and "disabled" in said
    row = desk.json("surface", "show", "web")
    assert row["enabled"] is False
    # The key is there, for when the surface comes back.
    assert [key["state"] for key in desk.json("key", "list")] == ["surface disabled"]
    desk.do("surface", "set", "web", "--enable")
    assert [key["state"] for key in desk.json("key", "list")] == ["valid"]


# MARK: roles


def test_what_a_role_grants_comes_and_goes(desk):
    furnish(desk)
    row = desk.json("role", "set", "support", "--model", "faster", "--tool", "find", "--drop-tool", "search")
    assert (row["models"], row["tools"]) == (["fast", "faster"], ["find"])
    # What is granted already stays granted.
    again = desk.json("role", "set", "support", "--model", "faster", "--drop-model", "fast", "--all-tools")
    assert (again["models"], again["tools"], again["all_tools"]) == (["faster"], ["find"], True)
    assert desk.json("role", "set", "support", "--no-all-tools")["all_tools"] is False
    # A model that goes is granted no more.
    desk.do("model", "remove", "faster")
    assert desk.json("role", "show", "support")["models"] == []


def test_a_role_is_given_and_taken(desk):
    furnish(desk)
    anna, ben = (str(desk.insert("identity", kind="person")["id"]) for _ in range(2))
    assert desk.json("role", "give", "support", anna, ben[:13])["identities"] == 2
    assert desk.json("role", "give", "support", anna)["identities"] == 2
    assert anna in desk.do("role", "take", "support", anna)
    assert desk.json("role", "take", "support", anna)["identities"] == 1
    assert "which 1 had" in desk.do("role", "remove", "support")
    assert [role["name"] for role in desk.json("role", "list")] == ["everyone"]


def test_a_role_is_given_to_nobody_who_is_gone(desk):
    furnish(desk)
    anna, ben, carl = (desk.insert("identity", kind="person")["id"] for _ in range(3))
    desk.sql.execute("update identity set merged_into = %s, merged_at = now() where id = %s", [anna, ben])
    desk.sql.execute("update identity set erased_at = now() where id = %s", [carl])
    assert f"became {anna}" in desk.refused("role", "give", "support", ben)
    assert "erased" in desk.refused("role", "give", "support", carl)
    # Nobody gets it where one is not there.
    assert "there is no identity" in desk.refused("role", "give", "support", anna, "01234567")
    assert desk.json("role", "show", "support")["identities"] == 0


def test_a_role_that_surfaces_give_stays(desk):
    furnish(desk)
    desk.do("surface", "add", "shop", "--kind", "web", "--role", "support")
    desk.do("surface", "set", "web", "--anonymous-role", "support")
    assert "it is given by: shop, web" in desk.refused("role", "remove", "support")
    shown = desk.json("role", "show", "support")
    assert (shown["surfaces"], shown["anonymous_surfaces"]) == (["shop"], ["web"])
    desk.do("surface", "set", "shop", "--unset", "role")
    desk.do("surface", "set", "web", "--anonymous-role", "everyone")
    assert "removed role support" in desk.do("role", "remove", "support")
