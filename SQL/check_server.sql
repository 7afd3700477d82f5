-- Called by `sluice check`, once: the server as the program's sessions see it.
select
  current_user::text as role,
  current_setting('server_version_num')::int as version_number,
  split_part(current_setting('server_version'), ' ', 1) as version,
  current_setting('transaction_read_only')::boolean as read_only,
  coalesce((select ssl from pg_stat_ssl where pid = pg_backend_pid()), false) as encrypted,
  (select version from pg_stat_ssl where pid = pg_backend_pid()) as tls,
  -- No address: a unix socket.
  inet_server_addr() is null
    or inet_server_addr() << '127.0.0.0/8'
    or inet_server_addr() = '::1'
    or coalesce(inet_server_addr() = inet_client_addr(), false) as local
