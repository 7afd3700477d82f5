-- Called by `sluice role remove`: the role and, by their foreign keys, what it grants and who has it. Refused while a
-- surface gives it.
-- $1 id
delete from sluice.role
where id = $1::uuid
