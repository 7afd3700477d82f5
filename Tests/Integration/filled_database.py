"""Years of use, in seconds: a database of the former release with rows in every shape that its schema allows."""

from deployment import Deployment

CONVERSATIONS = 30_000

# Of each conversation two messages, one turn and its log; the turns are of the last four days and ended in every way.
FILL = """
create temp table made as
select
  n, gen_random_uuid() as conversation, gen_random_uuid() as identity, gen_random_uuid() as question,
  gen_random_uuid() as answer, gen_random_uuid() as owner, 1 + (n % 50 = 0)::int as epoch,
  (lpad(to_hex((extract(epoch from now() - n % 4 * interval '1 day' - interval '1 hour') * 1000)::bigint), 12, '0')
    || '7001a000' || lpad(to_hex(n), 12, '0'))::uuid as turn,
  (array['done', 'done', 'done', 'done', 'error', 'cancelled', 'interrupted'])[1 + n % 7] as state,
  surface.id as surface
from generate_series(1, @count@) n, surface
where surface.name = 'web';

insert into identity (id, kind, display_name)
select identity, 'person', 'Person ' || n from made;

insert into identity_link (surface_id, external_id, identity_id)
select surface, 'filled-' || n, identity from made;

insert into conversation (id, identity_id, surface_id, created_at, updated_at)
select conversation, identity, surface, uuid_time(turn), uuid_time(turn) from made;

insert into message (conversation_id, id, role, parts, turn_id, created_at)
select conversation, question, 'user', jsonb_build_array(jsonb_build_object('type', 'text', 'text', 'Question ' || n)),
  turn, uuid_time(turn)
from made;

insert into message (conversation_id, id, parent_id, role, parts, turn_id, created_at)
select conversation, answer, question, 'assistant',
  jsonb_build_array(jsonb_build_object('type', 'text', 'text', repeat('Answer ' || n || '. ', 4))),
  turn, uuid_time(turn) + interval '3 seconds'
from made;

insert into turn (id, conversation_id, identity_id, surface_id, user_message_id, message_id, model_name, durability,
  on_interrupt, owner, state, epoch, chunks, finish_reason, error, usage, metadata, created_at, ended_at,
  cancel_requested_at)
select turn, conversation, identity, surface, question, answer, 'filled', 'commit', 'keep', owner, state, epoch, 5,
  case state when 'done' then 'stop' end,
  case state when 'error'
    then '{"code": "upstream_truncated", "message": "The answer broke off.", "retryable": true}'::jsonb end,
  '{"input_tokens": 3, "output_tokens": 12, "cached_tokens": 0, "reasoning_tokens": 0}',
  jsonb_build_object('n', n), uuid_time(turn), uuid_time(turn) + interval '3 seconds',
  case state when 'cancelled' then uuid_time(turn) + interval '2 seconds' end
from made;

insert into turn_delta (turn_id, epoch, seq, slot, events, final)
select turn, epoch, seq, (extract(epoch from uuid_time(turn))::numeric * 1000)::bigint / 86400000 % 8,
  case
    when seq < 5 then '{"type":"text","text":"Answer ' || n || '. "}'
    else '{"type":"end","state":"' || state || '"}'
  end,
  seq = 5
from made, generate_series(1, 5) seq;

insert into idempotency (identity_id, key, turn_id, body_hash)
select identity, 'filled', turn, sha256(convert_to(n::text, 'UTF8')) from made;
"""


def fill(deployment: Deployment) -> None:
    """Fills the schema of the former release; statistics are taken as autovacuum would."""
    with deployment.sql.transaction():
        deployment.sql.execute(FILL.replace("@count@", str(CONVERSATIONS)))
    deployment.sql.execute("analyze")


def sample(deployment: Deployment) -> list[dict]:
    """Turns of the filling, one of each way to end, of different days: what is needed to read them, and their text."""
    return deployment.sql.execute(
        "select distinct on (t.state) t.id::text, t.identity_id::text, t.surface_id::text, t.state,"
        " m.parts -> 0 ->> 'text' as text"
        " from turn t join message m on m.conversation_id = t.conversation_id and m.id = t.message_id"
        " where t.model_name = 'filled' order by t.state, t.id"
    ).fetchall()
