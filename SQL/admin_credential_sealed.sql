-- Called by `sluice credential rotate`: all sealed secrets, as they are sealed.
select id, name, sealed, sealed_key
from sluice.credential
where sealed is not null
order by name
