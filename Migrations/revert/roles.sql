-- Revert sluice:roles from pg
--
-- A role that something else in the cluster still depends on, such as another database's schema sluice, stays.

begin;

do $$
declare
  name text;
begin
  foreach name in array array['sluice_report', 'sluice_app', 'sluice_owner']
  loop
    begin
      execute format('drop role if exists %I', name);
    exception
      when dependent_objects_still_exist or insufficient_privilege then
        raise notice 'role % kept: %', name, sqlerrm;
    end;
  end loop;
end
$$;

commit;
