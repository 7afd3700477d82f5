/// What a constraint of the configuration asks, in the words of the command line. Each constraint that an edit can meet
/// has its line here.
package struct AdminRule: Sendable {
  package enum Demand: Sendable {
    /// The rest of a sentence.
    case must(String)
    /// One of the words that the constraint lists, which only the database knows for sure.
    case beListed
  }

  /// What was refused: an option, or an argument.
  package let subject: String
  package let demand: Demand

  private init(_ subject: String, _ demand: Demand) {
    self.subject = subject
    self.demand = demand
  }

  private init(_ subject: String, _ demand: String) { self.init(subject, .must(demand)) }

  /// By the constraint's name; nil for one that no edit of the configuration meets.
  package static func of(_ constraint: String) -> AdminRule? { all[constraint] }

  static let all: [String: AdminRule] = [
    "credential_pkey": AdminRule("the new id", "is taken: try again"),
    "credential_name_key": AdminRule("the name", "belongs to another credential"),
    "credential_name_check": AdminRule("the name", name),
    "credential_reference_check": AdminRule(
      "--reference", "must be env:NAME or file:/path: where the secret is, never the secret itself"),
    "credential_managed_domain_check": AdminRule(
      "--managed-domain", "must be a host name without scheme and path, such as llm.example.net or llm.example.net:8443"
    ),

    "credential_client_certificate_check": AdminRule("--client-certificate", file),
    "credential_client_key_check": AdminRule("--client-key", file),
    "credential_ca_bundle_check": AdminRule("--ca-bundle", file),
    "credential_client_pair_check": AdminRule(
      "--client-certificate and --client-key", "must be set together or not at all"),
    "credential_sealed_check": AdminRule("the sealed secret", "must have 29 to 65536 bytes"),
    "credential_sealed_key_check": AdminRule(
      "the name of the sealing key", "must have 1 to 32 letters, digits or any of _ -"),
    "credential_sealed_pair_check": AdminRule("the sealed secret and its key's name", "must be set together"),
    "credential_secret_check": AdminRule(
      "--reference, --secret-stdin or --client-certificate",
      "must be given: a secret, by one of the first two, or a certificate, or both"),

    "virtual_model_pkey": AdminRule("the new id", "is taken: try again"),
    "virtual_model_name_key": AdminRule("the name", "belongs to another virtual model"),
    "virtual_model_name_check": AdminRule(
      "the name", "must have 1 to 128 letters, digits or any of . _ : / @ - and begin with a letter or digit"),
    "virtual_model_title_check": AdminRule("--title", "must have 1 to 200 characters"),
    "virtual_model_parameters_check": AdminRule(
      "--parameters", "must be a JSON object, such as {\"temperature\": 0.3}"),
    "virtual_model_durability_check": AdminRule("--durability", .beListed),
    "virtual_model_chunking_check": AdminRule("--chunking", .beListed),
    "virtual_model_chunk_bytes_check": AdminRule("--chunk-bytes", chunkBytes),
    "virtual_model_chunk_delay_ms_check": AdminRule("--chunk-delay-ms", chunkDelay),
    "virtual_model_abandon_after_ms_check": AdminRule(
      "--abandon-after-ms", "must be a whole number of milliseconds from 1000 to 86400000"),
    "virtual_model_reasoning_check": AdminRule("--reasoning", .beListed),
    "virtual_model_history_limit_check": AdminRule("--history-limit", positive),
    "virtual_model_history_token_limit_check": AdminRule("--history-token-limit", positive),
    "virtual_model_on_interrupt_check": AdminRule("--on-interrupt", .beListed),
    "virtual_model_retry_budget_ms_check": AdminRule(
      "--retry-budget-ms", "must be a whole number of milliseconds from 0 to 600000"),

    "model_route_pkey": AdminRule("the new id", "is taken: try again"),
    "model_route_key": AdminRule(
      "the route", "is there already: routes of a model differ in priority, driver, provider model or region"),
    "model_route_model_id_fkey": AdminRule("the model", "is not there any more"),
    "model_route_credential_id_fkey": AdminRule("--credential", "names one that is not there any more"),
    "model_route_priority_check": AdminRule("--priority", positive),
    "model_route_weight_check": AdminRule("--weight", positive),
    "model_route_driver_check": AdminRule(
      "--driver", "must be a word of 1 to 32 small letters, digits or any of _ - and begin with a letter"),
    "model_route_provider_model_check": AdminRule("--provider-model", "must have 1 to 255 characters"),
    "model_route_region_check": AdminRule(
      "--region", "must be a whole endpoint, http://… or https://… without spaces, or a short name such as eu"),
    "model_route_credential_id_check": AdminRule(
      "--credential", "must be given with a short --region, whose domain is that of the credential"),
    "model_route_overrides_check": AdminRule("--overrides", "must be a JSON object, such as {\"top_k\": 40}"),
    "model_route_headers_check": AdminRule("--headers", "must be a JSON object, such as {\"x-team\": \"chat\"}"),
    "model_route_query_check": AdminRule(
      "--query", "must be a JSON object, such as {\"api-version\": \"2024-10-21\"}"),
    "model_route_http_version_check": AdminRule("--http-version", "must be 1 or 2"),
    "model_route_concurrency_limit_check": AdminRule("--concurrency-limit", positive),
    "model_route_connect_timeout_ms_check": AdminRule("--connect-timeout-ms", milliseconds),
    "model_route_first_byte_timeout_ms_check": AdminRule("--first-byte-timeout-ms", milliseconds),
    "model_route_first_token_timeout_ms_check": AdminRule("--first-token-timeout-ms", milliseconds),
    "model_route_total_timeout_ms_check": AdminRule("--total-timeout-ms", milliseconds),
    "model_route_idle_timeout_ms_check": AdminRule("--idle-timeout-ms", milliseconds),

    "surface_pkey": AdminRule("the new id", "is taken: try again"),
    "surface_name_key": AdminRule("the name", "belongs to another surface"),
    "surface_default_model_fkey": AdminRule("--default-model", "names one that is not there any more"),
    "surface_name_check": AdminRule("the name", name),
    "surface_kind_check": AdminRule("--kind", .beListed),
    "surface_allowed_origins_check": AdminRule(
      "--origin", "must be scheme://host or scheme://host:port in lower case, without path and slash at the end, or *"),
    "surface_chunking_check": AdminRule("--chunking", .beListed),
    "surface_chunk_bytes_check": AdminRule("--chunk-bytes", chunkBytes),
    "surface_chunk_delay_ms_check": AdminRule("--chunk-delay-ms", chunkDelay),
    "surface_pace_ms_check": AdminRule("--pace-ms", "must be a whole number from 0 to 60000"),
    "surface_role_id_fkey": AdminRule("--role", "names one that is not there any more"),
    "surface_anonymous_role_id_fkey": AdminRule("--anonymous-role", "names one that is not there any more"),
    "surface_capabilities_check": AdminRule("--capabilities", .beListed),
    "surface_team_check": AdminRule("--team", label),
    "surface_project_check": AdminRule("--project", label),
    "surface_retention_days_check": AdminRule("--retention-days", "must be a whole number from 1 to 36500"),
    "surface_session_limit_check": AdminRule("--session-limit", "must be a whole number, 0 or more"),

    "role_pkey": AdminRule("the new id", "is taken: try again"),
    "role_name_key": AdminRule("the name", "belongs to another role"),
    "role_name_check": AdminRule("the name", name),
    "role_model_pkey": AdminRule("--model", "is granted already"),
    "role_model_role_id_fkey": AdminRule("the role", "is not there any more"),
    "role_model_model_id_fkey": AdminRule("--model", "names one that is not there any more"),
    "role_tool_pkey": AdminRule("--tool", "is granted already"),
    "role_tool_role_id_fkey": AdminRule("the role", "is not there any more"),
    "role_tool_tool_check": AdminRule("--tool", "must have 1 to 128 letters, digits or any of _ . : / -"),
    "identity_role_pkey": AdminRule("the identity", "has the role already"),
    "identity_role_identity_id_fkey": AdminRule("the identity", "is not there any more"),
    "identity_role_role_id_fkey": AdminRule("the role", "is not there any more"),

    "price_pkey": AdminRule("the new id", "is taken: try again"),
    "price_key": AdminRule("the price", "is there already, from that very time: change it by `sluice price set`"),
    "price_driver_check": AdminRule(
      "the driver", "must be a word of 1 to 32 small letters, digits or any of _ - and begin with a letter"),
    "price_provider_model_check": AdminRule("the provider's model", "must have 1 to 255 characters"),
    "price_valid_from_check": AdminRule("--from", "must be a time, not infinity"),
    "price_amounts_check": AdminRule("--input, --output, --cached and --reasoning", amount),

    "usage_limit_pkey": AdminRule("the new id", "is taken: try again"),
    "usage_limit_identity_id_key": AdminRule("--identity", taken),
    "usage_limit_surface_id_key": AdminRule("--surface", taken),
    "usage_limit_role_id_key": AdminRule("--role", taken),
    "usage_limit_model_id_key": AdminRule("--model", taken),
    "usage_limit_identity_id_fkey": AdminRule("--identity", "names one that is not there any more"),
    "usage_limit_surface_id_fkey": AdminRule("--surface", "names one that is not there any more"),
    "usage_limit_role_id_fkey": AdminRule("--role", "names one that is not there any more"),
    "usage_limit_model_id_fkey": AdminRule("--model", "names one that is not there any more"),
    "usage_limit_subject_check": AdminRule("the limit", "must be for one identity, surface, role or virtual model"),
    "usage_limit_amounts_check": AdminRule("each limit", amount),

    "identity_pkey": AdminRule("the new id", "is taken: try again"),
    "identity_team_check": AdminRule("--team", label),
    "identity_project_check": AdminRule("--project", label),
    "identity_merged_into_check": AdminRule("the identity", "must be another one than the one that it becomes"),
    "identity_merged_into_fkey": AdminRule("the identity", "became one that is not there any more"),
    "identity_merged_at_check": AdminRule("the time of a merge", "must go with the identity that was become"),
    "identity_kind_check": AdminRule("the identity", "must be of a kind that the schema knows: is it deployed whole?"),
    // The service identity of a key bears the key's label.
    "identity_display_name_check": AdminRule("--label or --display-name", "must have 1 to 200 characters"),

    "identity_link_pkey": AdminRule("the external id", "belongs to an identity already: unlink it, or merge the two"),
    "identity_link_surface_id_fkey": AdminRule("--surface", "names one that is not there any more"),
    "identity_link_identity_id_fkey": AdminRule("the identity", "is not there any more"),
    "identity_link_external_id_check": AdminRule("--external-id", "must have 1 to 255 characters"),

    "revocation_pkey": AdminRule("the new id", "is taken: try again"),
    "revocation_identity_id_fkey": AdminRule("the identity", "is not there any more"),
    "revocation_subject_check": AdminRule("a revocation", "must be of an identity or of one token"),
    "revocation_jti_check": AdminRule("--jti", "must have 1 to 255 characters"),
    "revocation_reason_check": AdminRule("--reason", "must have 1 to 200 characters"),

    "jwt_issuer_pkey": AdminRule("the new id", "is taken: try again"),
    "jwt_issuer_issuer_audience_key": AdminRule(
      "the issuer", "is there already: no two have the same --issuer and --audience"),
    "jwt_issuer_surface_id_fkey": AdminRule("the surface", "is not there any more"),
    "jwt_issuer_issuer_check": AdminRule("--issuer", "must have 1 to 255 characters"),
    "jwt_issuer_audience_check": AdminRule("--audience", "must have 1 to 255 characters"),
    "jwt_issuer_algorithms_check": AdminRule("--algorithm", .beListed),
    "jwt_issuer_jwks_check": AdminRule("--jwks", "must be https://…, http://… or file:/path, without spaces"),
    "jwt_issuer_secret_check": AdminRule(
      "--secret", "must be env:NAME or file:/path: where the secret is, never the secret itself"),
    "jwt_issuer_keys_check": AdminRule(
      "--jwks or --secret", "must fit --algorithm: --jwks with EdDSA, ES256 or RS256, --secret with HS256 alone"),
    "jwt_issuer_clock_skew_s_check": AdminRule("--clock-skew-s", "must be a whole number of seconds from 0 to 300"),
    "jwt_issuer_lifetime_s_check": AdminRule("--lifetime-s", "must be a whole number of seconds from 60 to 2592000"),

    "surface_key_pkey": AdminRule("the new id", "is taken: try again"),
    "surface_key_hash_key": AdminRule("the new key", "is taken: try again"),
    "surface_key_surface_id_fkey": AdminRule("the surface", "is not there any more"),
    "surface_key_identity_id_fkey": AdminRule("--identity", "names one that is not there any more"),
    "surface_key_hash_check": AdminRule("the key's hash", "must have 32 bytes"),
    "surface_key_label_check": AdminRule("--label", "must have 1 to 200 characters"),
  ]

  private static let name = "must have 1 to 63 letters, digits or any of . _ - and begin with a letter or digit"
  private static let label = "must have 1 to 100 characters"
  private static let amount = "must be 0 or more"
  private static let taken = "has got limits at this moment: try again"
  private static let positive = "must be a whole number, 1 or more"
  private static let chunkBytes = "must be a whole number from 1 to 4096"
  private static let chunkDelay = "must be a whole number of milliseconds from 10 to 10000"
  private static let file = "must be file:/absolute/path"
  private static let milliseconds = "must be a whole number of milliseconds, 1 or more"
}
