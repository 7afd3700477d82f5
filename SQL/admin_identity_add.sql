-- Called by `sluice identity add`, before admin_identity_set in the same transaction.
-- $1 id, $2 kind
insert into sluice.identity (id, kind)
select $1::uuid, $2::text
