-- Called by `sluice identity merge`.
-- $1 who goes, $2 who stays
select sluice.identity_merge($1::uuid, $2::uuid)
