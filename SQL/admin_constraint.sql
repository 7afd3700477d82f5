-- Called by a command that was refused by a constraint which lists words: its definition here, which may be newer than
-- the program.
-- $1 name
select pg_get_constraintdef(oid)
from pg_constraint
where connamespace = 'sluice'::regnamespace
  and conname = $1::name
limit 1
