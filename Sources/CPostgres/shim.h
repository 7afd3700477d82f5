// libpq, and the little of it that Swift cannot import: character macros, and the parallel keyword arrays.
#pragma once
#include <postgresql/libpq-fe.h>

enum {
  SLUICE_PG_SQLSTATE = PG_DIAG_SQLSTATE,
  SLUICE_PG_MESSAGE = PG_DIAG_MESSAGE_PRIMARY,
  SLUICE_PG_CONSTRAINT = PG_DIAG_CONSTRAINT_NAME,
};

// `dbname` comes first and is expanded, so that key-value strings and URIs both work and the keywords after it win.
static inline PGconn *sluice_pg_start(const char *conninfo, const char *application_name) {
  const char *const keywords[] = {"dbname", "client_encoding", "fallback_application_name", NULL};
  const char *const values[] = {conninfo, "UTF8", application_name, NULL};
  return PQconnectStartParams(keywords, values, 1);
}
