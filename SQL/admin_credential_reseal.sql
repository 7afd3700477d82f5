-- Called by `sluice credential rotate`: the same secret under another key, unless somebody has set it anew meanwhile.
-- $1 id, $2 sealed before, $3 sealed now, $4 name of the key
update sluice.credential
set sealed = $3::bytea, sealed_key = $4::text
where id = $1::uuid
  and sealed = $2::bytea
