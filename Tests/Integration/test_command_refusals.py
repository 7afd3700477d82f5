"""What commands of operators refuse, and how they say so."""

import re

import pytest
from desk import CONFIGURATION, USAGE, furnish

LONG = "x" * 256
# By the constraint that refuses: a command on what `furnish` made, and what the refusal must say.
REFUSALS = [
    ("credential_name_key", "credential add gateway --reference env:A", "the name", "belongs to another"),
    ("credential_name_check", "credential add our/key --reference env:A", "the name", "letters"),
    ("credential_reference_check", "credential add a --reference env:", "--reference", "env:NAME or file:/path"),
    ("credential_managed_domain_check", "credential set gateway --managed-domain https://a", "--managed-domain",
     "host name"),
    ("credential_client_certificate_check", "credential add a --client-certificate file:c --client-key file:/k",
     "--client-certificate", "file:/absolute/path"),
    ("credential_client_key_check", "credential add a --client-certificate file:/c --client-key file:k",
     "--client-key", "file:/absolute/path"),
    ("credential_ca_bundle_check", "credential set gateway --ca-bundle file:ca", "--ca-bundle", "file:/absolute/path"),
    ("credential_client_pair_check", "credential set gateway --client-key file:/k", "--client-certificate and",
     "together"),
    ("credential_secret_check", "credential add a --managed-domain llm.example", "--reference, --secret-stdin or",
     "must be given"),
    ("virtual_model_name_key", "model add fast", "the name", "belongs to another"),
    ("virtual_model_name_check", "model set fast --name so/fast?", "the name", "letters"),
    ("virtual_model_title_check", "model set fast --title ", "--title", "1 to 200"),
    ("virtual_model_durability_check", "model set fast --durability maybe", "--durability", "commit or relaxed"),
    ("virtual_model_chunking_check", "model add a --chunking never", "--chunking", "interval, words or sentences"),
    ("virtual_model_chunk_bytes_check", "model set fast --chunk-bytes 4097", "--chunk-bytes", "1 to 4096"),
    ("virtual_model_chunk_delay_ms_check", "model set fast --chunk-delay-ms 9", "--chunk-delay-ms", "10 to 10000"),
    ("virtual_model_abandon_after_ms_check", "model set fast --abandon-after-ms 999", "--abandon-after-ms",
     "1000 to 86400000"),
    ("virtual_model_reasoning_check", "model set fast --reasoning some", "--reasoning", "hidden, progress or full"),
    ("virtual_model_history_limit_check", "model set fast --history-limit 0", "--history-limit", "1 or more"),
    ("virtual_model_history_token_limit_check", "model set fast --history-token-limit 0", "--history-token-limit",
     "1 or more"),
    ("virtual_model_on_interrupt_check", "model set fast --on-interrupt drop", "--on-interrupt", "keep or restart"),
    ("virtual_model_retry_budget_ms_check", "model set fast --retry-budget-ms 600001", "--retry-budget-ms",
     "0 to 600000"),
    ("model_route_key", "route add fast --provider-model small --region eu --credential gateway", "the route",
     "already"),
    ("model_route_priority_check", "route set ROUTE --priority 0", "--priority", "1 or more"),
    ("model_route_weight_check", "route set ROUTE --weight 0", "--weight", "1 or more"),
    ("model_route_provider_model_check", f"route set ROUTE --provider-model {LONG}", "--provider-model", "1 to 255"),
    ("model_route_region_check", "route set ROUTE --driver echo --region ftp://a", "--region", "http://"),
    ("model_route_credential_id_check", "route set ROUTE --driver bedrock --unset credential", "--credential",
     "--region"),
    ("model_route_http_version_check", "route set ROUTE --http-version 3", "--http-version", "1 or 2"),
    ("model_route_concurrency_limit_check", "route set ROUTE --concurrency-limit 0", "--concurrency-limit", "1 or"),
    ("model_route_connect_timeout_ms_check", "route set ROUTE --connect-timeout-ms 0", "--connect-timeout-ms", "1 or"),
    ("model_route_first_byte_timeout_ms_check", "route set ROUTE --first-byte-timeout-ms 0", "--first-byte-timeout-ms",
     "1 or more"),
    ("model_route_first_token_timeout_ms_check", "route set ROUTE --first-token-timeout-ms 0",
     "--first-token-timeout-ms", "1 or more"),
    ("model_route_idle_timeout_ms_check", "route set ROUTE --idle-timeout-ms=-1", "--idle-timeout-ms", "1 or more"),
    ("model_route_total_timeout_ms_check", "route set ROUTE --total-timeout-ms 0", "--total-timeout-ms", "1 or more"),
    ("surface_name_key", "surface add web --kind web", "the name", "belongs to another"),
    ("surface_name_check", "surface set web --name web/1", "the name", "letters"),
    ("surface_kind_check", "surface set web --kind fax", "--kind", "web, clientapi, discord"),
    ("surface_allowed_origins_check", "surface set web --origin https://A.example/", "--origin", "scheme://host"),
    ("surface_chunking_check", "surface set web --chunking never", "--chunking", "interval, words or sentences"),
    ("surface_chunk_bytes_check", "surface set web --chunk-bytes 0", "--chunk-bytes", "1 to 4096"),
    ("surface_chunk_delay_ms_check", "surface set web --chunk-delay-ms 10001", "--chunk-delay-ms", "10 to 10000"),
    ("surface_pace_ms_check", "surface set web --pace-ms 60001", "--pace-ms", "0 to 60000"),
    ("surface_session_limit_check", "surface set web --session-limit=-1", "--session-limit", "0 or more"),
    ("surface_capabilities_check", "surface set web --capabilities poll,fly", "--capabilities", "poll, sse, classic"),
    ("surface_team_check", "surface set web --team ", "--team", "1 to 100"),
    ("surface_project_check", f"surface set web --project {LONG}", "--project", "1 to 100"),
    ("surface_retention_days_check", "surface set web --retention-days 0", "--retention-days", "1 to 36500"),
    ("role_name_key", "role add support", "the name", "belongs to another"),
    ("role_name_check", "role set support --name sup/port", "the name", "letters"),
    ("role_tool_tool_check", "role set support --tool two+two", "--tool", "1 to 128"),
    ("price_key", "price add openai small --input 1 --output 2 --from 2026-01-01", "the price", "already"),
    ("price_provider_model_check", f"price add openai {LONG} --input 1 --output 2", "the provider's model", "1 to 255"),
    ("price_valid_from_check", "price set PRICE --from infinity", "--from", "not infinity"),
    ("usage_limit_amounts_check", "limit set --surface web --tokens-per-day=-1", "each limit", "0 or more"),
    ("identity_display_name_check", "key add web --label ", "--label", "1 to 200"),
    ("jwt_issuer_issuer_audience_key",
     "issuer add web --issuer https://shop.example --audience sluice --secret env:A", "the issuer", "already"),
    ("jwt_issuer_issuer_check", f"issuer set ISSUER --issuer {LONG}", "--issuer", "1 to 255"),
    ("jwt_issuer_audience_check", "issuer set ISSUER --audience ", "--audience", "1 to 255"),
    ("jwt_issuer_algorithms_check", "issuer set ISSUER --algorithm none", "--algorithm", "EdDSA, ES256, RS256 or"),
    ("jwt_issuer_jwks_check", "issuer set ISSUER --jwks file:keys", "--jwks", "file:/path"),
    ("jwt_issuer_secret_check", "issuer set ISSUER --algorithm HS256 --secret hunter2", "--secret", "env:NAME"),
    ("jwt_issuer_keys_check", "issuer set ISSUER --algorithm HS256", "--jwks or --secret", "HS256 alone"),
    ("jwt_issuer_clock_skew_s_check", "issuer set ISSUER --clock-skew-s 301", "--clock-skew-s", "0 to 300"),
    ("jwt_issuer_lifetime_s_check", "issuer set ISSUER --lifetime-s 59", "--lifetime-s", "60 to 2592000"),
    ("identity_team_check", f"identity add --team {LONG}", "--team", "1 to 100"),
    ("identity_project_check", f"identity set web:anna --project {LONG}", "--project", "1 to 100"),
    ("identity_link_pkey", "identity link web:anna --surface web --external-id anna", "the external id", "unlink it"),
    ("identity_link_external_id_check", "identity link web:anna --surface web --external-id ", "--external-id",
     "1 to 255"),
    ("revocation_jti_check", "identity revoke --jti ", "--jti", "1 to 255"),
    ("revocation_reason_check", f"identity block web:anna --reason {LONG}", "--reason", "1 to 200"),
    ("surface_key_label_check", "key set KEY --label ", "--label", "1 to 200"),
]
# No command can come so far: ids and keys are drawn at random, and what they name or hold was looked at before. That
# these have their words all the same is a unit test's matter.
OUT_OF_REACH = {
    "credential_pkey", "virtual_model_pkey", "model_route_pkey", "surface_pkey", "surface_key_pkey", "identity_pkey",
    "virtual_model_parameters_check", "model_route_overrides_check", "model_route_headers_check", "model_route_query_check",
    "model_route_driver_check", "credential_sealed_check", "credential_sealed_key_check", "credential_sealed_pair_check",
    "model_route_model_id_fkey", "model_route_credential_id_fkey", "surface_default_model_fkey",
    "surface_key_surface_id_fkey", "surface_key_identity_id_fkey", "surface_key_hash_key", "surface_key_hash_check",
    "identity_kind_check", "surface_role_id_fkey", "surface_anonymous_role_id_fkey", "role_pkey", "role_model_pkey",
    "role_model_role_id_fkey", "role_model_model_id_fkey", "role_tool_pkey", "role_tool_role_id_fkey",
    "identity_role_pkey", "identity_role_identity_id_fkey", "identity_role_role_id_fkey",
    "jwt_issuer_pkey", "jwt_issuer_surface_id_fkey",
    "identity_merged_into_check", "identity_merged_into_fkey", "identity_merged_at_check",
    "identity_link_surface_id_fkey", "identity_link_identity_id_fkey", "revocation_pkey", "revocation_identity_id_fkey",
    "revocation_subject_check",
    "price_pkey", "price_driver_check", "price_amounts_check", "usage_limit_pkey",
    "usage_limit_identity_id_key", "usage_limit_surface_id_key", "usage_limit_role_id_key", "usage_limit_model_id_key",
    "usage_limit_identity_id_fkey", "usage_limit_surface_id_fkey", "usage_limit_role_id_fkey",
    "usage_limit_model_id_fkey", "usage_limit_subject_check",
}


@pytest.mark.parametrize(("constraint", "command", "subject", "demand"), REFUSALS, ids=[row[0] for row in REFUSALS])
def test_a_constraint_speaks_in_sentences(furnished, constraint, command, subject, demand):
    before = furnished.rows()
    said = furnished.refused(*furnished.words(command))
    assert re.match(rf"sluice: {re.escape(subject)} .*{re.escape(demand)}", said), said
    assert constraint not in said and len(said.splitlines()) == 1
    assert furnished.rows() == before


def test_no_constraint_is_left_out(furnished):
    tables = ["credential", "virtual_model", "model_route", "surface", "surface_key", "identity", "price", "usage_limit"]
    tables += ["role", "role_model", "role_tool", "identity_role", "jwt_issuer", "identity_link", "revocation"]
    rows = furnished.sql.execute(
        "select conname from pg_constraint where conrelid = any(%s::regclass[]) and contype in ('c', 'f', 'p', 'u')",
        [[f"sluice.{table}" for table in tables]],
    ).fetchall()
    assert {row["conname"] for row in rows} == {refusal[0] for refusal in REFUSALS} | OUT_OF_REACH


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("model set fast", "nothing to set"),
        ("route set ROUTE", "nothing to set"),
        ("credential set gateway", "nothing to set"),
        ("surface set web", "nothing to set"),
        ("key set KEY", "nothing to set"),
        ("role set support", "nothing to set"),
        ("issuer set ISSUER", "nothing to set"),
        ("price set PRICE", "nothing to set"),
        ("limit set --surface web", "nothing to set"),
        ("limit set --tokens-per-day 1", "give one of"),
        ("limit set --surface web --model fast --tokens-per-day 1", "give one of"),
        ("limit set --surface web --cost-per-day 1,5", "cost-per-day"),
        ("limit set --surface web --tokens-per-day 1 --unset tokens-per-day", "exclude each other"),
        ("price add openai large --input 1", "--input and --output"),
        ("price add telex large --input 1 --output 1", "openai"),
        ("price set PRICE --input=-1", "input"),
        ("price set PRICE --cached 1 --unset cached", "exclude each other"),
        ("usage list --by week", "day, model"),
        ("usage list --limit 0", "1 to 1000"),
        ("model set fast --system-prompt a --unset system-prompt", "exclude each other"),
        ("route set ROUTE --credential gateway --unset credential", "exclude each other"),
        ("surface set web --default-model fast --unset default-model", "exclude each other"),
        ("surface set web --origin * --no-origins", "exclude each other"),
        ("surface set web --role support --unset role", "exclude each other"),
        ("surface set web --anonymous-role support --unset anonymous-role", "exclude each other"),
        ("role set support --tool find --drop-tool find", "exclude each other"),
        ("role set support --model fast --drop-model fast", "exclude each other"),
        ("role give support", "identities"),
        ("key set KEY --expires 1d --unset expires", "exclude each other"),
        ("model set fast --unset title", "system-prompt"),
        ("model set fast --enable --disable", "--disable"),
        ("model set fast --history-limit many", "history-limit"),
        ("model set fast --parameters [1]", "JSON object"),
        ("model set fast --parameters {", "malformed_json"),
        ('model set fast --parameters {"temperature":9}', "0 to 2"),
        ('model set fast --parameters {"colour":1}', "colour"),
        ("route set ROUTE --overrides 1", "JSON object"),
        ("route add fast --region eu", "--provider-model is missing"),
        ("route set ROUTE --driver fax", "one of openai, azure, gateway"),
        ('route set ROUTE --overrides {"stream":true}', "--overrides.stream"),
        ("route set ROUTE --headers []", "JSON object"),
        ('route set ROUTE --headers {"x-a":1}', "--headers.x-a"),
        ('route set ROUTE --headers {"authorization":"a"}', "--headers.authorization"),
        ('route set ROUTE --query {"v":1}', "--query.v"),
        ("route set ROUTE --http-version two", "http-version"),
        ("route set ROUTE --region eu --unset region", "exclude each other"),
        ("surface add shop", "--kind is missing"),
        ("key add web", "label"),
        ("issuer add web --audience a --secret env:A", "--issuer is missing"),
        ("issuer add web --issuer a --secret env:A", "--audience is missing"),
        ("issuer add web --issuer a --audience a", "--jwks or --secret is missing"),
        ("issuer add web --issuer a --audience a --jwks file:/a", "--algorithm is missing"),
        ("issuer set ISSUER --jwks file:/a --secret env:A", "exclude each other"),
        ("issuer set ISSUER --jwks https://u:p@a", "without user and password"),
        ("turn list --limit 0", "1 to 1000"),
        ("turn list --limit 1001", "1 to 1000"),
        ("turn list --state asleep", "streaming, done"),
        ("turn list --live --state done", "exclude each other"),
        ("turn list --conversation 01234567 --identity 01234567", "exclude each other"),
        ("turn add", "only list, show, cancel"),
        ("turn remove 01234567", "only list, show, cancel"),
        ("node add", "only list, show, remove"),
        ("role members", "only list, show, add, set, remove, give, take"),
        ("identity set web:anna", "nothing to set"),
        ("identity set web:anna --team a --unset team", "exclude each other"),
        ("identity add --kind anonymous", "visitors come by themselves"),
        ("identity list --kind cat", "anonymous"),
        ("identity list --limit 1001", "1 to 1000"),
        ("identity revoke", "an identity or --jti"),
        ("identity revoke web:anna --jti 7", "an identity or --jti"),
        ("identity unlink anna", "SURFACE:EXTERNAL_ID"),
        ("model lst", "only list, show, add, set, remove"),
    ],
)
def test_a_misuse_is_told_apart(furnished, command, said):
    assert said in furnished.refused(*furnished.words(command), code=USAGE)


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("model show fats", "near it: fast\n"),
        ("model show FASTER", "near it: faster, fast"),
        ("model show zzzzzz", "there is no model zzzzzz\n"),
        ("credential show gatway", "near it: gateway"),
        ("surface show wbe", "near it: web"),
        ("route add fasst --provider-model a --region http://a", "near it: fast"),
        ("route add fast --provider-model a --region eu --credential gateawy", "near it: gateway"),
        ("route list --model fest", "near it: fast"),
        ("surface set web --default-model fasst", "near it: fast"),
        ("surface set web --role suport", "near it: support"),
        ("surface set web --anonymous-role everone", "near it: everyone"),
        ("role show suport", "near it: support"),
        ("role add other --model fasst", "near it: fast"),
        ("role set support --model fasst", "near it: fast"),
        ("role set support --drop-model fasst", "near it: fast"),
        ("role set support --drop-model faster", "does not name faster among its models; near it: fast\n"),
        ("role set support --drop-tool serch", "does not name serch among its tools; near it: search\n"),
        ("role set everyone --drop-tool search", "it grants all tools, until `--no-all-tools`"),
        ("role give suport 01234567", "near it: support"),
        ("role give support 01234567", "there is no identity 01234567\n"),
        ("role take support anna", "there is no identity anna"),
        ("key add wev --label a", "near it: web"),
        ("key list --surface wev", "near it: web"),
        ("issuer add wev --issuer a --audience a --secret env:A", "near it: web"),
        ("issuer list --surface wev", "near it: web"),
        ("issuer show shop", "the first 8 digits"),
        ("route show fast", "the first 8 digits"),
        ("key show 0123456", "the first 8 digits"),
        ("key show 01234567", "there is no key 01234567\n"),
        ("node show shelf", "the first 8 digits"),
        ("turn show 01234567-89ab", "there is no turn 01234567-89ab\n"),
        ("turn show soon", "the first 8 digits"),
        ("turn cancel 01234567-89ab", "there is no turn"),
        ("turn list --conversation 01234567", "there is no conversation"),
        ("turn list --identity anna", "there is no identity anna"),
        ("identity show anna", "the first 8 digits"),
        ("identity show 01234567", "there is no identity 01234567\n"),
        ("identity show wbe:anna", "near it: web"),
        ("identity show web:ana", "nobody is called web:ana\n"),
        ("identity unlink web:ana", "nobody is called web:ana\n"),
        ("identity merge web:anna --into web:ben", "nobody is called web:ben\n"),
        ("identity link web:anna --surface wev --external-id 1", "near it: web"),
        ("identity unblock web:anna", "is not blocked\n"),
        ("identity merge web:anna --into web:anna", "are one already\n"),
    ],
)
def test_what_is_not_there_is_told_with_what_is_near(furnished, command, said):
    assert said in furnished.refused(*command.split(" "))


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("route add faster --provider-model a --region eu", "managed_domain"),
        ("route add faster --provider-model a --driver azure", "an endpoint, or a credential with a managed_domain"),
        ("route add faster --provider-model a --driver bedrock", "an AWS region or an endpoint"),
        ("route set ROUTE --unset credential", "managed_domain"),
        ("route set ROUTE --driver bedrock --unset region", "an AWS region or an endpoint"),
    ],
)
def test_an_endpoint_that_the_driver_cannot_make_is_refused(furnished, command, said):
    before = furnished.rows()
    refusal = furnished.refused(*furnished.words(command))
    assert "finds no endpoint" in refusal and said in refusal
    assert furnished.rows() == before


def test_ids_may_be_cut_short(desk):
    furnish(desk)
    same = ["aaaaaaaa-1111-4000-8000-000000000001", "aaaaaaaa-1111-4000-8000-000000000002"]
    for id in same:
        desk.insert("credential", id=id, name=f"c{id[-1]}", reference="env:A")
    # A name wins over the beginning of an id.
    desk.insert("credential", name="aaaaaaaa", reference="env:NAMED")
    assert desk.json("credential", "show", "aaaaaaaa")["reference"] == "env:NAMED"
    assert "2 credentials begin with" in desk.refused("credential", "show", "aaaaaaaa-1111")
    assert desk.json("credential", "show", same[0].upper())["id"] == same[0]
    assert "begin with" in desk.refused("credential", "show", same[0][:-1])
    # A dash where none belongs, and none where one does.
    assert "there is no credential" in desk.refused("credential", "show", "aaaaaaa-a1111")
    route = desk.json("route", "list")[0]["id"]
    for cut in (route[:8], route[:9], route[:14], route.replace("-", "")[:20], route.replace("-", "")):
        assert desk.json("route", "show", cut)["id"] == route


def test_no_secret_is_repeated(furnished):
    for command in (
        "credential add a --reference sk-hunter2",
        "credential add a --client-certificate file:/c --client-key hunter2",
        "route add fast --provider-model a --region https://u:hunter2@llm.example/v1",
        'route add fast --provider-model a --headers {"Authorization":"hunter2"}',
        "issuer add web --issuer a --audience a --algorithm ES256 --jwks https://u:hunter2@a.example",
    ):
        assert "hunter2" not in furnished.refused(*command.split(), code=USAGE)
    said = furnished.refused(
        "model", "list", "--database", "host=/nonexistent password=hunter2", user=""
    )
    assert "hunter2" not in said
    malformed = furnished.refused("model", "list", "--database", "postgres://u:hun@ter2@h/d", code=CONFIGURATION)
    assert "ter2" not in malformed
