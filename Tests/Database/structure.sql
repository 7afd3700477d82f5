-- What stands in the schema, by name: the statements in SQL/ and the DBAs count on it.

\set ECHO none
\set ON_ERROR_STOP on
begin;
set local client_min_messages = warning;
create extension if not exists pgtap;

create temporary table expected (relation name, columns name[]);
insert into expected
values
  ('schema_change', '{name,min_binary,deployed_at}'),
  ('node', '{incarnation,tag,host,version,started_at,lease_until,renewed_at,contact_since,voided_at}'),
  (
    'credential',
    '{id,name,reference,managed_domain,created_at,client_certificate,client_key,ca_bundle,sealed,sealed_key}'
  ),
  (
    'virtual_model',
    '{id,name,title,enabled,stream,notool,nopreprompt,system_prompt,parameters,durability,chunking,reasoning,'
    'history_limit,on_interrupt,created_at,updated_at,history_token_limit,prefix_prompt,retry_budget_ms,'
    'chunk_bytes,chunk_delay_ms,abandon_after_ms}'
  ),
  (
    'model_route',
    '{id,model_id,priority,weight,driver,provider_model,credential_id,region,overrides,connect_timeout_ms,'
    'first_byte_timeout_ms,idle_timeout_ms,enabled,created_at,first_token_timeout_ms,total_timeout_ms,headers,query,'
    'http_version,concurrency_limit}'
  ),
  (
    'route_health',
    '{incarnation,route_id,state,failures,latency_ms,share,running,last_error,retry_at,updated_at}'
  ),
  (
    'surface',
    '{id,name,kind,allowed_origins,anonymous,default_model,pace_ms,session_limit,enabled,created_at,chunking,'
    'chunk_bytes,chunk_delay_ms,role_id,anonymous_role_id,capabilities,team,project,retention_days}'
  ),
  ('identity', '{id,kind,display_name,created_at,team,project,merged_into,merged_at,erased_at}'),
  ('role', '{id,name,all_models,all_tools,created_at}'),
  ('role_model', '{role_id,model_id}'),
  ('role_tool', '{role_id,tool}'),
  ('identity_role', '{identity_id,role_id,granted_at}'),
  (
    'jwt_issuer',
    '{id,surface_id,issuer,audience,algorithms,jwks,secret,clock_skew_s,lifetime_s,once,enabled,created_at}'
  ),
  ('revocation', '{id,identity_id,jti,revoked_at,expires_at,reason,created_at}'),
  ('token_use', '{token,expires_at}'),
  ('audit', '{at,id,login,role,application,address,relation,operation,row_key,changes}'),
  ('price', '{id,driver,provider_model,valid_from,input,output,cached,reasoning,created_at}'),
  (
    'usage_ledger',
    '{turn_id,identity_id,surface_id,team,project,model_name,driver,provider_model,state,error_code,estimated,'
    'input_tokens,output_tokens,cached_tokens,reasoning_tokens,price_id,cost,first_text_ms,started_at,ended_at}'
  ),
  (
    'usage_limit',
    '{id,identity_id,surface_id,role_id,model_id,requests_per_minute,concurrent_turns,tokens_per_day,'
    'tokens_per_month,cost_per_day,cost_per_month,created_at}'
  ),
  ('usage_counter', '{subject_id,period,starts_at,slot,requests,tokens,cost}'),
  ('usage_hold', '{turn_id,subject_id,tokens,cost}'),
  ('identity_link', '{surface_id,external_id,identity_id,created_at}'),
  ('surface_key', '{id,surface_id,identity_id,hash,label,created_at,expires_at,revoked_at}'),
  ('conversation', '{id,identity_id,surface_id,live_turn,created_at,updated_at}'),
  ('message', '{conversation_id,id,parent_id,role,parts,turn_id,created_at}'),
  (
    'turn',
    '{id,conversation_id,identity_id,surface_id,user_message_id,message_id,model_name,route_id,durability,'
    'on_interrupt,owner,state,epoch,chunks,finish_reason,error,usage,metadata,created_at,ended_at,cancel_requested_at,'
    'upstream,request,restarts,abandon_after_ms,read_at}'
  ),
  ('idempotency', '{identity_id,key,turn_id,body_hash,created_at}'),
  ('turn_delta', '{turn_id,epoch,seq,slot,events,final}');

select plan((select count(*) from expected)::integer + 17);

select tables_are(
  'sluice',
  (select array_agg(relation) from expected)
    || array(select 'turn_delta_' || slot from generate_series(0, 7) as slot)::name[]
);
select views_are(
  'sluice',
  array[
    'live_turn', 'turn_event', 'node_status', 'turn_report', 'route_status', 'cost_by_day', 'top_identity',
    'first_text_by_day', 'error_by_day'
  ]
);
select functions_are(
  'sluice',
  array[
    'uuid_time', 'turn_delta_recycle', 'virtual_model_touch', 'roles_of', 'price_at', 'usage_left', 'turn_account',
    'usage_limit_begin', 'identity_merge', 'audit_value', 'audit_enter', 'identity_family', 'conversation_purge',
    'conversation_expire', 'identity_erase', 'identity_export', 'conversation_export'
  ]
);
select sequences_are('sluice', array[]::name[], 'nothing is numbered by a sequence: ids are made before they are sent');

select columns_are('sluice', relation, columns)
from expected;

select is_empty(
  $$
    select relname
    from pg_class
    where relnamespace = 'sluice'::regnamespace
      and relowner <> 'sluice_owner'::regrole
    union all
    select proname
    from pg_proc
    where pronamespace = 'sluice'::regnamespace
      and proowner <> 'sluice_owner'::regrole
  $$,
  'everything belongs to sluice_owner'
);
select is_empty(
  $$
    select attrelid::regclass, attname
    from pg_attribute join pg_class on pg_class.oid = attrelid
    where relnamespace = 'sluice'::regnamespace
      and atttypid = 'timestamp'::regtype
  $$,
  'every time knows its zone'
);
select is_empty(
  $$
    select conrelid::regclass, conname
    from pg_constraint join pg_class on pg_class.oid = conrelid
    where connamespace = 'sluice'::regnamespace
      and contype <> 't'
      and not relispartition
      and conname not like relname || '%'
  $$,
  'every constraint is named after its table'
);
select is_empty(
  $$
    select relation
    from unnest(
      array[
        'surface', 'virtual_model', 'model_route', 'credential', 'identity', 'surface_key', 'role', 'jwt_issuer',
        'revocation', 'price', 'usage_limit'
      ]
    ) as relation
    where not exists (
      select
      from information_schema.columns
      where table_schema = 'sluice'
        and table_name = relation
        and column_name = 'id'
        and column_default = 'gen_random_uuid()'
    )
  $$,
  'what operators edit by hand gets its id by itself'
);
select is_empty(
  $$
    select relation
    from unnest(array['turn', 'conversation', 'node', 'idempotency', 'route_health', 'usage_counter']) as relation
    where not exists (
      select
      from pg_class, unnest(reloptions) as setting
      where oid = ('sluice.' || relation)::regclass
        and setting like 'fillfactor=%'
    )
  $$,
  'hot tables leave room on their pages'
);
select is_empty(
  $$
    select conname
    from pg_constraint
    where contype = 'f'
      and (conrelid in ('sluice.turn'::regclass, 'sluice.turn_delta'::regclass, 'sluice.idempotency'::regclass))
  $$,
  'turns and their log have no foreign key'
);
select results_eq(
  $$
    select tablename::text collate "C", indexname::text collate "C"
    from pg_indexes
    where schemaname = 'sluice'
      and indexdef like '% WHERE %'
    order by tablename, indexname
  $$,
  $$
    values
      ('identity' collate "C", 'identity_merged_at_idx' collate "C"), ('identity', 'identity_merged_into_idx'),
      ('node', 'node_live_idx'), ('turn', 'turn_live_idx')
  $$,
  'the indexes of what lives, and of what is merged, are partial'
);
select col_is_pk(
  'sluice',
  'turn_delta',
  array['turn_id', 'epoch', 'seq', 'slot']::name[],
  'a chunk is found by its place, in one leaf'
);
select has_index(
  'sluice',
  'conversation',
  'conversation_surface_id_updated_at_idx',
  array['surface_id', 'updated_at']::name[],
  'the old conversations of a surface are found'
);
select has_index(
  'sluice',
  'message',
  'message_conversation_id_parent_id_idx',
  array['conversation_id', 'parent_id']::name[],
  'the messages that follow one are found'
);
select is_empty(
  $$
    select indexrelid::regclass
    from pg_index join pg_class on pg_class.oid = indexrelid
    where relnamespace = 'sluice'::regnamespace
      and not (indisvalid and indisready)
  $$,
  'every index is valid'
);
select set_eq(
  $$
    select column_name::text, column_default::text
    from information_schema.columns
    where table_schema = 'sluice'
      and (
        column_name in ('history_token_limit', 'total_timeout_ms')
        or column_name in ('first_byte_timeout_ms', 'first_token_timeout_ms')
        or column_name in ('client_certificate', 'client_key', 'ca_bundle')
        or column_name in ('sealed', 'sealed_key', 'prefix_prompt', 'retry_budget_ms')
        or column_name in ('headers', 'query', 'http_version', 'concurrency_limit', 'upstream')
      )
  $$,
  $$
    values
      ('history_token_limit', null), ('total_timeout_ms', null),
      ('first_byte_timeout_ms', null), ('first_token_timeout_ms', null),
      ('client_certificate', null), ('client_key', null), ('ca_bundle', null),
      ('sealed', null), ('sealed_key', null), ('prefix_prompt', null), ('retry_budget_ms', '10000'),
      ('headers', '''{}''::jsonb'), ('query', '''{}''::jsonb'), ('http_version', '1'), ('concurrency_limit', null),
      ('upstream', null)
  $$,
  'what was configured before the columns came goes on as it did'
);
select is(
  (
    select count(*)::integer
    from pg_attribute join pg_inherits on inhrelid = attrelid
    where inhparent = 'sluice.turn_delta'::regclass
      and attname = 'events'
      and attstorage = 'm'
  ),
  8,
  'chunks stay on the page of their row, in each leaf'
);

select * from finish();
rollback;
