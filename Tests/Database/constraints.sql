-- What the tables refuse. One valid row in each, then one statement for every constraint of the schema.

\set ECHO none
\set ON_ERROR_STOP on
begin;
set local client_min_messages = warning;
create extension if not exists pgtap;

insert into sluice.node (incarnation, tag, host, version, lease_until)
values (gen_random_uuid(), 7, 'localhost', '0.1.0', now() + interval '10 s');
insert into sluice.credential (name, reference, managed_domain)
values ('gateway', 'env:GATEWAY_KEY', 'models.example');
insert into sluice.virtual_model (name, title)
values ('fast', 'Fast');
insert into sluice.model_route (model_id, driver, provider_model, credential_id, region)
select virtual_model.id, 'openai', 'small', credential.id, 'eu'
from sluice.virtual_model, sluice.credential;
insert into sluice.route_health (incarnation, route_id, state, failures, share, running)
select node.incarnation, model_route.id, 'closed', 0, 1, 0
from sluice.node, sluice.model_route;
insert into sluice.surface (name, kind, default_model)
values ('web', 'web', 'fast');
insert into sluice.identity (kind, display_name)
values ('service', 'Shop');
insert into sluice.identity_link (surface_id, external_id, identity_id)
select surface.id, '42', identity.id
from sluice.surface, sluice.identity;
insert into sluice.surface_key (surface_id, identity_id, hash, label)
select surface.id, identity.id, sha256('key'), 'shop'
from sluice.surface, sluice.identity;
insert into sluice.conversation (id, identity_id, surface_id)
select gen_random_uuid(), identity.id, surface.id
from sluice.surface, sluice.identity;
insert into sluice.message (conversation_id, id, role, parts)
select id, gen_random_uuid(), 'user', '[{"type": "text", "text": "Hello"}]'
from sluice.conversation;
insert into sluice.turn (
  id, conversation_id, identity_id, surface_id, user_message_id, message_id, model_name, durability, on_interrupt, owner
)
select
  gen_random_uuid(), conversation.id, identity_id, surface_id, message.id, gen_random_uuid(), 'fast', 'commit', 'keep',
  gen_random_uuid()
from sluice.conversation join sluice.message on conversation_id = conversation.id;
insert into sluice.idempotency (identity_id, key, turn_id, body_hash)
select identity_id, 'once', id, sha256('body')
from sluice.turn;
-- In the leaf of today: ring.sql waits for the one two days ahead.
insert into sluice.turn_delta (turn_id, epoch, seq, slot, events)
select id, 1, 1, floor(extract(epoch from now()) / 86400)::bigint % 8, '{"type": "text", "text": "Hi"}'
from sluice.turn;

insert into sluice.role_model (role_id, model_id)
select role.id, virtual_model.id
from sluice.role, sluice.virtual_model;
insert into sluice.role_tool (role_id, tool)
select id, 'search'
from sluice.role;
insert into sluice.identity_role (identity_id, role_id)
select identity.id, role.id
from sluice.identity, sluice.role;
insert into sluice.jwt_issuer (surface_id, issuer, audience, algorithms, jwks)
select id, 'https://shop.example', 'sluice', '{ES256}', 'https://shop.example/jwks.json'
from sluice.surface;
insert into sluice.revocation (identity_id)
select id
from sluice.identity;
insert into sluice.token_use (token, expires_at)
values ('link:1', now());
insert into sluice.price (driver, provider_model, input, output)
values ('openai', 'small', 1, 2);
insert into sluice.usage_ledger (
  turn_id, identity_id, surface_id, model_name, state, estimated, input_tokens, output_tokens, cached_tokens,
  reasoning_tokens, started_at, ended_at
)
select id, identity_id, surface_id, 'fast', 'done', false, 1, 1, 0, 0, now(), now()
from sluice.turn;
insert into sluice.usage_limit (identity_id, tokens_per_day)
select id, 1000
from sluice.identity;
insert into sluice.usage_limit (surface_id, tokens_per_day)
select id, 1000
from sluice.surface;
insert into sluice.usage_limit (role_id, tokens_per_day)
select id, 1000
from sluice.role;
insert into sluice.usage_limit (model_id, tokens_per_day)
select id, 1000
from sluice.virtual_model;
insert into sluice.usage_counter (subject_id, period, starts_at, slot)
select id, 'day', now(), 0
from sluice.identity;
insert into sluice.usage_hold (turn_id, subject_id, tokens, cost)
select id, identity_id, 10, 1
from sluice.turn;

create temporary table refusal (name name, reason text, statement text);
insert into refusal
values
  ('audit_pkey', 'an entry twice', $$insert into sluice.audit select * from sluice.audit limit 1$$),
  (
    'audit_operation_check', 'an operation that is none',
    $$insert into sluice.audit (login, relation, operation, row_key) values ('a', 'turn', 'truncate', '{}')$$
  ),
  (
    'audit_row_key_check', 'a key that is no object',
    $$insert into sluice.audit (login, relation, operation, row_key) values ('a', 'turn', 'update', '[]')$$
  ),
  (
    'audit_changes_check', 'changes that are no object',
    $$
      insert into sluice.audit (login, relation, operation, row_key, changes)
      values ('a', 'turn', 'update', '{}', '[]')
    $$
  ),
  ('identity_team_check', 'a team without a name', $$update sluice.identity set team = ''$$),
  ('identity_project_check', 'a project without a name', $$update sluice.identity set project = ''$$),
  (
    'identity_merged_into_check', 'an identity that became itself',
    $$update sluice.identity set merged_into = id, merged_at = now()$$
  ),
  (
    'identity_merged_into_fkey', 'an identity that became nobody',
    $$update sluice.identity set merged_into = gen_random_uuid(), merged_at = now()$$
  ),
  ('identity_merged_at_check', 'a merge of no time', $$update sluice.identity set merged_at = now()$$),
  ('surface_role_id_fkey', 'a role that is not there', $$update sluice.surface set role_id = gen_random_uuid()$$),
  (
    'surface_anonymous_role_id_fkey', 'a role of visitors that is not there',
    $$update sluice.surface set anonymous_role_id = gen_random_uuid()$$
  ),
  ('surface_capabilities_check', 'what no surface can', $$update sluice.surface set capabilities = '{poll,fax}'$$),
  (
    'surface_capabilities_check', 'a null among what it can',
    $$update sluice.surface set capabilities = '{poll,null}'$$
  ),
  ('surface_team_check', 'a surface''s team without a name', $$update sluice.surface set team = ''$$),
  ('surface_project_check', 'a surface''s project without a name', $$update sluice.surface set project = ''$$),
  ('surface_retention_days_check', 'nothing that is kept', $$update sluice.surface set retention_days = 0$$),
  ('role_pkey', 'an id twice', $$insert into sluice.role table sluice.role$$),
  ('role_name_key', 'a name twice', $$insert into sluice.role (name) values ('everyone')$$),
  ('role_name_check', 'a name with spaces', $$update sluice.role set name = 'all of us'$$),
  ('role_model_pkey', 'a virtual model granted twice', $$insert into sluice.role_model table sluice.role_model$$),
  ('role_model_role_id_fkey', 'a grant to no role', $$update sluice.role_model set role_id = gen_random_uuid()$$),
  (
    'role_model_model_id_fkey', 'a grant of no virtual model',
    $$update sluice.role_model set model_id = gen_random_uuid()$$
  ),
  ('role_tool_pkey', 'a tool granted twice', $$insert into sluice.role_tool table sluice.role_tool$$),
  ('role_tool_role_id_fkey', 'a tool granted to no role', $$update sluice.role_tool set role_id = gen_random_uuid()$$),
  ('role_tool_tool_check', 'a tools name with spaces', $$update sluice.role_tool set tool = 'look up'$$),
  ('identity_role_pkey', 'a role given twice', $$insert into sluice.identity_role table sluice.identity_role$$),
  (
    'identity_role_identity_id_fkey', 'a role given to nobody',
    $$update sluice.identity_role set identity_id = gen_random_uuid()$$
  ),
  ('identity_role_role_id_fkey', 'no role given', $$update sluice.identity_role set role_id = gen_random_uuid()$$),
  (
    'jwt_issuer_pkey', 'an id twice',
    $$
      insert into sluice.jwt_issuer (id, surface_id, issuer, audience, algorithms, jwks)
      select id, surface_id, 'other', audience, algorithms, jwks from sluice.jwt_issuer
    $$
  ),
  (
    'jwt_issuer_issuer_audience_key', 'an issuer twice for one audience',
    $$
      insert into sluice.jwt_issuer (surface_id, issuer, audience, algorithms, jwks)
      select surface_id, issuer, audience, algorithms, jwks from sluice.jwt_issuer
    $$
  ),
  (
    'jwt_issuer_surface_id_fkey', 'an issuer for no surface',
    $$update sluice.jwt_issuer set surface_id = gen_random_uuid()$$
  ),
  ('jwt_issuer_issuer_check', 'an issuer without a name', $$update sluice.jwt_issuer set issuer = ''$$),
  ('jwt_issuer_audience_check', 'no audience', $$update sluice.jwt_issuer set audience = ''$$),
  ('jwt_issuer_algorithms_check', 'no algorithm', $$update sluice.jwt_issuer set algorithms = '{}'$$),
  ('jwt_issuer_algorithms_check', 'tokens that nobody signed', $$update sluice.jwt_issuer set algorithms = '{none}'$$),
  ('jwt_issuer_jwks_check', 'keys at no address', $$update sluice.jwt_issuer set jwks = 'shop.example/keys'$$),
  (
    'jwt_issuer_secret_check', 'the secret itself',
    $$update sluice.jwt_issuer set jwks = null, algorithms = '{HS256}', secret = 'hunter2'$$
  ),
  (
    'jwt_issuer_keys_check', 'a public key that is taken for a shared secret',
    $$update sluice.jwt_issuer set algorithms = '{ES256,HS256}'$$
  ),
  ('jwt_issuer_keys_check', 'keys of two kinds', $$update sluice.jwt_issuer set secret = 'env:SHOP'$$),
  ('jwt_issuer_keys_check', 'no key', $$update sluice.jwt_issuer set jwks = null$$),
  (
    'jwt_issuer_keys_check', 'a shared secret with signatures of a key pair',
    $$update sluice.jwt_issuer set jwks = null, secret = 'env:SHOP'$$
  ),
  (
    'jwt_issuer_clock_skew_s_check', 'a clock that is an hour off',
    $$update sluice.jwt_issuer set clock_skew_s = 3600$$
  ),
  ('jwt_issuer_lifetime_s_check', 'tokens for a year', $$update sluice.jwt_issuer set lifetime_s = 31536000$$),
  ('revocation_pkey', 'an id twice', $$insert into sluice.revocation table sluice.revocation$$),
  ('revocation_identity_id_fkey', 'tokens of nobody', $$update sluice.revocation set identity_id = gen_random_uuid()$$),
  ('revocation_subject_check', 'neither identity nor token', $$update sluice.revocation set identity_id = null$$),
  ('revocation_subject_check', 'an identity and a token', $$update sluice.revocation set jti = '1'$$),
  ('revocation_jti_check', 'a token without a name', $$update sluice.revocation set identity_id = null, jti = ''$$),
  ('revocation_reason_check', 'an empty reason', $$update sluice.revocation set reason = ''$$),
  ('token_use_pkey', 'a token used twice', $$insert into sluice.token_use table sluice.token_use$$),
  ('token_use_token_check', 'a token without a name', $$update sluice.token_use set token = ''$$),
  (
    'price_pkey', 'an id twice',
    $$
      insert into sluice.price (id, driver, provider_model, input, output)
      select id, 'ollama', 'small', 1, 1 from sluice.price
    $$
  ),
  (
    'price_key', 'two prices from one moment on',
    $$insert into sluice.price (driver, provider_model, input, output) values ('openai', 'small', 3, 4)$$
  ),
  ('price_driver_check', 'a driver that is no word', $$update sluice.price set driver = 'Open AI'$$),
  ('price_provider_model_check', 'a model without a name', $$update sluice.price set provider_model = ''$$),
  ('price_valid_from_check', 'a price of no time', $$update sluice.price set valid_from = 'infinity'$$),
  ('price_amounts_check', 'a price below nothing', $$update sluice.price set cached = -1$$),
  ('usage_ledger_pkey', 'a turn entered twice', $$insert into sluice.usage_ledger table sluice.usage_ledger$$),
  ('usage_ledger_state_check', 'a turn that has not ended', $$update sluice.usage_ledger set state = 'streaming'$$),
  ('usage_ledger_tokens_check', 'fewer tokens than none', $$update sluice.usage_ledger set cached_tokens = -1$$),
  ('usage_ledger_cost_check', 'a cost by no price', $$update sluice.usage_ledger set cost = 1$$),
  ('usage_limit_pkey', 'an id twice', $$insert into sluice.usage_limit table sluice.usage_limit$$),
  (
    'usage_limit_identity_id_key', 'two limits of one identity',
    $$
      insert into sluice.usage_limit (identity_id)
      select identity_id from sluice.usage_limit where identity_id is not null
    $$
  ),
  (
    'usage_limit_identity_id_fkey', 'a limit of no identity',
    $$update sluice.usage_limit set identity_id = gen_random_uuid() where identity_id is not null$$
  ),
  (
    'usage_limit_surface_id_key', 'two limits of one surface',
    $$
      insert into sluice.usage_limit (surface_id)
      select surface_id from sluice.usage_limit where surface_id is not null
    $$
  ),
  (
    'usage_limit_surface_id_fkey', 'a limit of no surface',
    $$update sluice.usage_limit set surface_id = gen_random_uuid() where surface_id is not null$$
  ),
  (
    'usage_limit_role_id_key', 'two limits of one role',
    $$insert into sluice.usage_limit (role_id) select role_id from sluice.usage_limit where role_id is not null$$
  ),
  (
    'usage_limit_role_id_fkey', 'a limit of no role',
    $$update sluice.usage_limit set role_id = gen_random_uuid() where role_id is not null$$
  ),
  (
    'usage_limit_model_id_key', 'two limits of one model',
    $$insert into sluice.usage_limit (model_id) select model_id from sluice.usage_limit where model_id is not null$$
  ),
  (
    'usage_limit_model_id_fkey', 'a limit of no model',
    $$update sluice.usage_limit set model_id = gen_random_uuid() where model_id is not null$$
  ),
  ('usage_limit_subject_check', 'a limit of nobody', $$insert into sluice.usage_limit (tokens_per_day) values (1)$$),
  (
    'usage_limit_subject_check', 'a limit of two',
    $$update sluice.usage_limit set role_id = gen_random_uuid() where surface_id is not null$$
  ),
  ('usage_limit_amounts_check', 'a limit below nothing', $$update sluice.usage_limit set cost_per_day = -1$$),
  ('usage_counter_pkey', 'a count twice', $$insert into sluice.usage_counter table sluice.usage_counter$$),
  ('usage_counter_period_check', 'a count of the year', $$update sluice.usage_counter set period = 'year'$$),
  ('usage_counter_slot_check', 'a part that is not there', $$update sluice.usage_counter set slot = 16$$),
  ('usage_hold_pkey', 'a reservation twice', $$insert into sluice.usage_hold table sluice.usage_hold$$),
  ('usage_hold_amounts_check', 'less than nothing reserved', $$update sluice.usage_hold set tokens = -1$$),

  ('schema_change_pkey', 'a change recorded twice', $$insert into sluice.schema_change values ('node')$$),
  ('schema_change_min_binary_check', 'no version', $$update sluice.schema_change set min_binary = 'soon'$$),

  ('node_pkey', 'an incarnation twice', $$insert into sluice.node table sluice.node$$),
  ('node_tag_check', 'a tag of more than 12 bits', $$update sluice.node set tag = 4096$$),

  ('credential_pkey', 'an id twice', $$insert into sluice.credential table sluice.credential$$),
  (
    'credential_name_key', 'a name twice',
    $$insert into sluice.credential (name, reference) values ('gateway', 'file:/key')$$
  ),
  ('credential_name_check', 'a name with spaces', $$update sluice.credential set name = 'our key'$$),
  ('credential_reference_check', 'the secret itself', $$update sluice.credential set reference = 'sk-123'$$),
  (
    'credential_managed_domain_check', 'a domain with a scheme',
    $$update sluice.credential set managed_domain = 'https://models.example'$$
  ),
  ('credential_secret_check', 'nothing to show a gateway', $$update sluice.credential set reference = null$$),
  (
    'credential_secret_check', 'a secret in two places',
    $$update sluice.credential set sealed = decode(repeat('00', 29), 'hex'), sealed_key = 'k1'$$
  ),
  (
    'credential_sealed_check', 'less than a nonce, a tag and a byte',
    $$update sluice.credential set reference = null, sealed = decode(repeat('00', 28), 'hex'), sealed_key = 'k1'$$
  ),
  (
    'credential_sealed_check', 'more than 64 KiB',
    $$update sluice.credential set reference = null, sealed = decode(repeat('00', 65537), 'hex'), sealed_key = 'k1'$$
  ),
  (
    'credential_sealed_key_check', 'a key''s name with spaces',
    $$update sluice.credential set reference = null, sealed = decode(repeat('00', 29), 'hex'), sealed_key = 'k 1'$$
  ),
  (
    'credential_sealed_pair_check', 'what is sealed with nobody knows which key',
    $$update sluice.credential set reference = null, sealed = decode(repeat('00', 29), 'hex')$$
  ),
  ('credential_sealed_pair_check', 'a key that seals nothing', $$update sluice.credential set sealed_key = 'k1'$$),
  (
    'credential_client_certificate_check', 'a path that is not absolute',
    $$update sluice.credential set client_certificate = 'file:client.pem', client_key = 'file:/client.key'$$
  ),
  (
    'credential_client_key_check', 'the key itself',
    $$
      update sluice.credential
      set client_certificate = 'file:/client.pem', client_key = '-----BEGIN PRIVATE KEY-----'
    $$
  ),
  (
    'credential_client_pair_check', 'a certificate without its key',
    $$update sluice.credential set client_certificate = 'file:/client.pem'$$
  ),
  ('credential_client_pair_check', 'a key alone', $$update sluice.credential set client_key = 'file:/client.key'$$),
  (
    'credential_ca_bundle_check', 'authorities from a variable',
    $$update sluice.credential set ca_bundle = 'env:AUTHORITIES'$$
  ),

  ('virtual_model_pkey', 'an id twice', $$insert into sluice.virtual_model table sluice.virtual_model$$),
  (
    'virtual_model_name_key', 'a name twice',
    $$insert into sluice.virtual_model (name, title) values ('fast', 'Fast too')$$
  ),
  ('virtual_model_name_check', 'a name with spaces', $$update sluice.virtual_model set name = 'very fast'$$),
  ('virtual_model_title_check', 'an empty title', $$update sluice.virtual_model set title = ''$$),
  ('virtual_model_parameters_check', 'no object', $$update sluice.virtual_model set parameters = '[]'$$),
  ('virtual_model_durability_check', 'no durability', $$update sluice.virtual_model set durability = 'maybe'$$),
  ('virtual_model_chunking_check', 'no chunking', $$update sluice.virtual_model set chunking = 'never'$$),
  ('virtual_model_reasoning_check', 'no policy', $$update sluice.virtual_model set reasoning = 'some'$$),
  ('virtual_model_history_limit_check', 'no history', $$update sluice.virtual_model set history_limit = 0$$),
  (
    'virtual_model_history_token_limit_check', 'no history',
    $$update sluice.virtual_model set history_token_limit = 0$$
  ),
  (
    'virtual_model_retry_budget_ms_check', 'more than ten minutes',
    $$update sluice.virtual_model set retry_budget_ms = 600001$$
  ),
  ('virtual_model_on_interrupt_check', 'no policy', $$update sluice.virtual_model set on_interrupt = 'drop'$$),
  ('virtual_model_chunk_bytes_check', 'chunks of nothing', $$update sluice.virtual_model set chunk_bytes = 0$$),
  ('virtual_model_chunk_delay_ms_check', 'no delay', $$update sluice.virtual_model set chunk_delay_ms = 9$$),
  (
    'virtual_model_abandon_after_ms_check', 'abandoned at once',
    $$update sluice.virtual_model set abandon_after_ms = 999$$
  ),

  ('model_route_pkey', 'an id twice', $$insert into sluice.model_route table sluice.model_route$$),
  (
    'model_route_key', 'the same route twice',
    $$
      insert into sluice.model_route (model_id, driver, provider_model, credential_id, region)
      select model_id, driver, provider_model, credential_id, region
      from sluice.model_route
    $$
  ),
  (
    'model_route_model_id_fkey', 'a virtual model that is not there',
    $$update sluice.model_route set model_id = gen_random_uuid()$$
  ),
  (
    'model_route_credential_id_fkey', 'a credential that is not there',
    $$update sluice.model_route set credential_id = gen_random_uuid()$$
  ),
  ('model_route_priority_check', 'priority 0', $$update sluice.model_route set priority = 0$$),
  ('model_route_weight_check', 'a weight of nothing', $$update sluice.model_route set weight = 0$$),
  ('model_route_driver_check', 'no word', $$update sluice.model_route set driver = 'Open AI'$$),
  ('model_route_provider_model_check', 'no model', $$update sluice.model_route set provider_model = ''$$),
  ('model_route_region_check', 'another scheme', $$update sluice.model_route set region = 'ftp://models.example'$$),
  (
    'model_route_credential_id_check', 'a short region whose domain nobody knows',
    $$update sluice.model_route set credential_id = null$$
  ),
  (
    'model_route_key', 'the same route to the provider''s own endpoint twice',
    $$
      update sluice.model_route set region = null;
      insert into sluice.model_route (model_id, driver, provider_model)
      select model_id, driver, provider_model
      from sluice.model_route
    $$
  ),
  ('model_route_overrides_check', 'no object', $$update sluice.model_route set overrides = '1'$$),
  ('model_route_headers_check', 'no object', $$update sluice.model_route set headers = '[]'$$),
  ('model_route_query_check', 'no object', $$update sluice.model_route set query = '"v=1"'$$),
  ('model_route_http_version_check', 'HTTP/3', $$update sluice.model_route set http_version = 3$$),
  ('model_route_concurrency_limit_check', 'no turn', $$update sluice.model_route set concurrency_limit = 0$$),
  ('model_route_connect_timeout_ms_check', 'no time', $$update sluice.model_route set connect_timeout_ms = 0$$),
  ('model_route_first_byte_timeout_ms_check', 'no time', $$update sluice.model_route set first_byte_timeout_ms = 0$$),
  ('model_route_idle_timeout_ms_check', 'no time', $$update sluice.model_route set idle_timeout_ms = -1$$),
  ('model_route_first_token_timeout_ms_check', 'no time', $$update sluice.model_route set first_token_timeout_ms = 0$$),
  ('model_route_total_timeout_ms_check', 'no time', $$update sluice.model_route set total_timeout_ms = 0$$),

  ('route_health_pkey', 'a route twice', $$insert into sluice.route_health table sluice.route_health$$),
  (
    'route_health_incarnation_fkey', 'a node that is not there',
    $$update sluice.route_health set incarnation = gen_random_uuid()$$
  ),
  (
    'route_health_route_id_fkey', 'a route that is not there',
    $$update sluice.route_health set route_id = gen_random_uuid()$$
  ),
  ('route_health_state_check', 'an unknown state', $$update sluice.route_health set state = 'ajar'$$),
  ('route_health_failures_check', 'less than none', $$update sluice.route_health set failures = -1$$),
  ('route_health_latency_ms_check', 'an answer before the question', $$update sluice.route_health set latency_ms = -1$$),
  ('route_health_share_check', 'more than all', $$update sluice.route_health set share = 1.5$$),
  ('route_health_running_check', 'less than none', $$update sluice.route_health set running = -1$$),

  ('surface_pkey', 'an id twice', $$insert into sluice.surface table sluice.surface$$),
  ('surface_name_key', 'a name twice', $$insert into sluice.surface (name, kind) values ('web', 'teams')$$),
  (
    'surface_default_model_fkey', 'a virtual model that is not there',
    $$update sluice.surface set default_model = 'slow'$$
  ),
  ('surface_name_check', 'a name with a slash', $$update sluice.surface set name = 'web/1'$$),
  ('surface_kind_check', 'an unknown kind', $$update sluice.surface set kind = 'fax'$$),
  (
    'surface_allowed_origins_check', 'an origin with a path',
    $$update sluice.surface set allowed_origins = '{https://shop.example/}'$$
  ),
  ('surface_pace_ms_check', 'a pace of more than a minute', $$update sluice.surface set pace_ms = 60001$$),
  ('surface_session_limit_check', 'less than none', $$update sluice.surface set session_limit = -1$$),
  ('surface_chunking_check', 'no chunking', $$update sluice.surface set chunking = 'never'$$),
  ('surface_chunk_bytes_check', 'chunks of nothing', $$update sluice.surface set chunk_bytes = 0$$),
  ('surface_chunk_delay_ms_check', 'no delay', $$update sluice.surface set chunk_delay_ms = 9$$),

  ('identity_pkey', 'an id twice', $$insert into sluice.identity table sluice.identity$$),
  ('identity_kind_check', 'an unknown kind', $$update sluice.identity set kind = 'robot'$$),
  ('identity_display_name_check', 'an empty name', $$update sluice.identity set display_name = ''$$),

  ('identity_link_pkey', 'a link twice', $$insert into sluice.identity_link table sluice.identity_link$$),
  (
    'identity_link_surface_id_fkey', 'a surface that is not there',
    $$update sluice.identity_link set surface_id = gen_random_uuid()$$
  ),
  (
    'identity_link_identity_id_fkey', 'an identity that is not there',
    $$update sluice.identity_link set identity_id = gen_random_uuid()$$
  ),
  ('identity_link_external_id_check', 'an empty id', $$update sluice.identity_link set external_id = ''$$),

  ('surface_key_pkey', 'an id twice', $$insert into sluice.surface_key table sluice.surface_key$$),
  (
    'surface_key_hash_key', 'a key twice',
    $$
      insert into sluice.surface_key (surface_id, identity_id, hash, label)
      select surface_id, identity_id, hash, label
      from sluice.surface_key
    $$
  ),
  (
    'surface_key_surface_id_fkey', 'a surface that is not there',
    $$update sluice.surface_key set surface_id = gen_random_uuid()$$
  ),
  (
    'surface_key_identity_id_fkey', 'an identity that is not there',
    $$update sluice.surface_key set identity_id = gen_random_uuid()$$
  ),
  ('surface_key_hash_check', 'the key itself', $$update sluice.surface_key set hash = 'key'$$),
  ('surface_key_label_check', 'no label', $$update sluice.surface_key set label = ''$$),

  ('conversation_pkey', 'an id twice', $$insert into sluice.conversation table sluice.conversation$$),
  (
    'conversation_identity_id_fkey', 'an identity that is not there',
    $$update sluice.conversation set identity_id = gen_random_uuid()$$
  ),
  (
    'conversation_surface_id_fkey', 'a surface that is not there',
    $$update sluice.conversation set surface_id = gen_random_uuid()$$
  ),

  ('message_pkey', 'an id twice', $$insert into sluice.message table sluice.message$$),
  (
    'message_conversation_id_fkey', 'a conversation that is not there',
    $$update sluice.message set conversation_id = gen_random_uuid()$$
  ),
  (
    'message_parent_id_fkey', 'a parent that is not in the conversation',
    $$update sluice.message set parent_id = gen_random_uuid()$$
  ),
  ('message_parent_id_check', 'its own parent', $$update sluice.message set parent_id = id$$),
  ('message_role_check', 'an unknown role', $$update sluice.message set role = 'owner'$$),
  ('message_parts_check', 'no array', $$update sluice.message set parts = '{}'$$),

  ('turn_pkey', 'an id twice', $$insert into sluice.turn table sluice.turn$$),
  ('turn_durability_check', 'no durability', $$update sluice.turn set durability = 'maybe'$$),
  ('turn_on_interrupt_check', 'no policy', $$update sluice.turn set on_interrupt = 'drop'$$),
  ('turn_request_check', 'no object', $$update sluice.turn set request = '[]'$$),
  ('turn_restarts_check', 'a third restart', $$update sluice.turn set restarts = 3$$),
  (
    'turn_state_check', 'an unknown state',
    $$update sluice.turn set state = 'paused', chunks = 1, ended_at = now()$$
  ),
  ('turn_epoch_check', 'epoch 0', $$update sluice.turn set epoch = 0$$),
  (
    'turn_chunks_check', 'an end without a terminal chunk',
    $$update sluice.turn set state = 'done', chunks = 0, ended_at = now()$$
  ),
  ('turn_end_check', 'an end without its time', $$update sluice.turn set state = 'done', chunks = 1$$),
  ('turn_end_check', 'an end that counts no chunks', $$update sluice.turn set state = 'done', ended_at = now()$$),
  ('turn_end_check', 'an end of what still streams', $$update sluice.turn set chunks = 1, ended_at = now()$$),
  (
    'turn_error_check', 'an error that says nothing',
    $$update sluice.turn set state = 'error', chunks = 1, ended_at = now()$$
  ),
  ('turn_error_check', 'no object', $$update sluice.turn set error = '"bad"'$$),
  ('turn_upstream_check', 'no object', $$update sluice.turn set upstream = '[]'$$),
  ('turn_usage_check', 'no object', $$update sluice.turn set usage = '12'$$),
  ('turn_metadata_check', 'no object', $$update sluice.turn set metadata = 'null'$$),

  ('idempotency_pkey', 'a key twice', $$insert into sluice.idempotency table sluice.idempotency$$),
  ('idempotency_key_check', 'a long key', $$update sluice.idempotency set key = repeat('k', 256)$$),
  ('idempotency_body_hash_check', 'no SHA-256', $$update sluice.idempotency set body_hash = 'body'$$),

  ('turn_delta_pkey', 'a chunk twice', $$insert into sluice.turn_delta table sluice.turn_delta$$),
  ('turn_delta_epoch_check', 'epoch 0', $$update sluice.turn_delta set epoch = 0$$),
  ('turn_delta_seq_check', 'chunk 0', $$update sluice.turn_delta set seq = 0$$),
  (
    'turn_delta_events_check', 'a chunk that fits no reply',
    $$update sluice.turn_delta set events = repeat('x', 65537)$$
  );

create temporary table acceptance (reason text, statement text);
insert into acceptance
values
  (
    'origins of every form',
    $$
      update sluice.surface
      set allowed_origins = '{*,https://shop.example,http://127.0.0.1:8080,http://[::1]:8080,capacitor://localhost}'
    $$
  ),
  ('a renamed virtual model takes its surfaces along', $$update sluice.virtual_model set name = 'org/fast:1.5'$$),
  (
    'a route that names its whole endpoint needs no credential',
    $$update sluice.model_route set region = 'http://127.0.0.1:11434/v1', credential_id = null$$
  ),
  ('any driver that is a word', $$update sluice.model_route set driver = 'fax-2'$$),
  (
    'a route to the provider''s own endpoint',
    $$update sluice.model_route set region = null, credential_id = null$$
  ),
  (
    'a sealed secret, with a certificate or without',
    $$
      update sluice.credential
      set reference = null, sealed = decode(repeat('00', 29), 'hex'), sealed_key = 'k1';
      update sluice.credential
      set client_certificate = 'file:/client.pem', client_key = 'file:/client.key';
      update sluice.credential
      set sealed = null, sealed_key = null
    $$
  ),
  (
    'a credential that is a certificate alone',
    $$
      update sluice.credential
      set reference = null, client_certificate = 'file:/client.pem', client_key = 'file:/client key',
        ca_bundle = 'file:/ca.pem'
    $$
  ),
  (
    'a route without a limit of its whole life',
    $$update sluice.model_route set total_timeout_ms = 1; update sluice.model_route set total_timeout_ms = null$$
  ),
  (
    'a message that follows another',
    $$
      insert into sluice.message (conversation_id, id, parent_id, role, parts)
      select conversation_id, gen_random_uuid(), id, 'assistant', '[]'
      from sluice.message
    $$
  ),
  (
    'an end with all that belongs to it',
    $$update sluice.turn set state = 'error', chunks = 2, ended_at = now(), error = '{"code": "upstream_status"}'$$
  ),
  (
    'a chunk as large as a reply',
    format(
      $$update sluice.turn_delta set events = repeat('x', 65536) where slot = %s$$,
      floor(extract(epoch from now()) / 86400)::bigint % 8
    )
  ),
  ('a conversation takes its messages along, whatever follows what', $$delete from sluice.conversation$$),
  (
    'a virtual model takes its routes along',
    $$
      update sluice.surface set default_model = null;
      delete from sluice.virtual_model
    $$
  );

select plan((select count(*) from refusal)::integer + (select count(*) from acceptance)::integer + 4);

-- A leaf of the ring has a primary key of its own name.
select throws_matching(
  statement,
  '"' || replace(name, '_delta_', '_delta_([0-7]_)?') || '"',
  name || ' refuses ' || reason
)
from refusal;

select lives_ok(statement, 'accepted: ' || reason)
from acceptance;

select is_empty($$select from sluice.message$$, 'no message outlives its conversation');
select is_empty($$select from sluice.model_route$$, 'no route outlives its virtual model');
select is_empty($$select from sluice.route_health$$, 'nor what nodes make of it');
select set_eq(
  $$
    select conname
    from pg_constraint join pg_class on pg_class.oid = conrelid
    where connamespace = 'sluice'::regnamespace
      and contype in ('c', 'f', 'p', 'u')
      and not relispartition
  $$,
  $$select name from refusal$$,
  'no constraint is left out here'
);

select * from finish();
rollback;
