-- Called by POST /chat/session: a new anonymous visitor.
-- $1 identity
insert into sluice.identity (id, kind)
values ($1::uuid, 'anonymous')
on conflict (id) do nothing
