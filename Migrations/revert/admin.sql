-- Revert sluice:admin from pg
--
-- A role that something else in the cluster still depends on, such as another database's schema sluice, stays.

begin;

set local role sluice_owner;

-- Those on columns go along.
revoke all on all tables in schema sluice from sluice_admin;
revoke usage on schema sluice from sluice_admin;

delete from sluice.schema_change
where name = 'admin';

reset role;

do $$
begin
  drop role if exists sluice_admin;
exception
  when dependent_objects_still_exist or insufficient_privilege then
    raise notice 'role sluice_admin kept: %', sqlerrm;
end
$$;

commit;
