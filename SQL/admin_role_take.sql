-- Called by `sluice role take`: the identity has the role no more.
-- $1 role, $2 identity
delete from sluice.identity_role
where role_id = $1::uuid
  and identity_id = $2::uuid
