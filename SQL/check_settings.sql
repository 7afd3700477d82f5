-- Called by `sluice check`, once: what the role's settings came to in a session; times in milliseconds.
select name, setting
from pg_settings
where name in (
  'enable_seqscan', 'idle_in_transaction_session_timeout', 'jit', 'lock_timeout', 'statement_timeout',
  'synchronous_commit'
)
