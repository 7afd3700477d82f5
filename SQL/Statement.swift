/// One statement of this folder. Its name is that of its file in lowerCamelCase, and that of the prepared statement.
package struct Statement: Hashable, Sendable {
  package let name: String
  /// The file's text, comments included.
  package let text: String

  package init(name: String, text: String) {
    self.name = name
    self.text = text
  }

  private init(_ name: String, _ file: [UInt8]) {
    self.init(name: name, text: String(decoding: file, as: UTF8.self))
  }

  /// Two statements of one name are one statement.
  package static func == (a: Statement, b: Statement) -> Bool { a.name == b.name }
  package func hash(into hasher: inout Hasher) { hasher.combine(name) }
}

// One line a file, made when first used. Nothing else may touch PackageResources.
extension Statement {
  package static let adminConstraint = Statement("adminConstraint", PackageResources.admin_constraint_sql)
  package static let adminCredentialAdd = Statement("adminCredentialAdd", PackageResources.admin_credential_add_sql)
  package static let adminCredentialRemove = Statement(
    "adminCredentialRemove", PackageResources.admin_credential_remove_sql)
  package static let adminCredentialReseal = Statement(
    "adminCredentialReseal", PackageResources.admin_credential_reseal_sql)
  package static let adminCredentialSealed = Statement(
    "adminCredentialSealed", PackageResources.admin_credential_sealed_sql)
  package static let adminCredentialSet = Statement("adminCredentialSet", PackageResources.admin_credential_set_sql)
  package static let adminCredentials = Statement("adminCredentials", PackageResources.admin_credentials_sql)
  package static let adminFind = Statement("adminFind", PackageResources.admin_find_sql)
  package static let adminKeyAdd = Statement("adminKeyAdd", PackageResources.admin_key_add_sql)
  package static let adminKeyRevoke = Statement("adminKeyRevoke", PackageResources.admin_key_revoke_sql)
  package static let adminKeySet = Statement("adminKeySet", PackageResources.admin_key_set_sql)
  package static let adminKeys = Statement("adminKeys", PackageResources.admin_keys_sql)
  package static let adminLimitAdd = Statement("adminLimitAdd", PackageResources.admin_limit_add_sql)
  package static let adminLimitRemove = Statement("adminLimitRemove", PackageResources.admin_limit_remove_sql)
  package static let adminLimitRoles = Statement("adminLimitRoles", PackageResources.admin_limit_roles_sql)
  package static let adminLimitSet = Statement("adminLimitSet", PackageResources.admin_limit_set_sql)
  package static let adminLimits = Statement("adminLimits", PackageResources.admin_limits_sql)
  package static let adminModelAdd = Statement("adminModelAdd", PackageResources.admin_model_add_sql)
  package static let adminModelRemove = Statement("adminModelRemove", PackageResources.admin_model_remove_sql)
  package static let adminModelSet = Statement("adminModelSet", PackageResources.admin_model_set_sql)
  package static let adminModels = Statement("adminModels", PackageResources.admin_models_sql)
  package static let adminNodeVoid = Statement("adminNodeVoid", PackageResources.admin_node_void_sql)
  package static let adminNodes = Statement("adminNodes", PackageResources.admin_nodes_sql)
  package static let adminPriceAdd = Statement("adminPriceAdd", PackageResources.admin_price_add_sql)
  package static let adminPriceRemove = Statement("adminPriceRemove", PackageResources.admin_price_remove_sql)
  package static let adminPriceSet = Statement("adminPriceSet", PackageResources.admin_price_set_sql)
  package static let adminPrices = Statement("adminPrices", PackageResources.admin_prices_sql)
  package static let adminRole = Statement("adminRole", PackageResources.admin_role_sql)
  package static let adminRouteAdd = Statement("adminRouteAdd", PackageResources.admin_route_add_sql)
  package static let adminRouteRemove = Statement("adminRouteRemove", PackageResources.admin_route_remove_sql)
  package static let adminRouteSet = Statement("adminRouteSet", PackageResources.admin_route_set_sql)
  package static let adminRoutes = Statement("adminRoutes", PackageResources.admin_routes_sql)
  package static let adminSurfaceAdd = Statement("adminSurfaceAdd", PackageResources.admin_surface_add_sql)
  package static let adminSurfaceRemove = Statement("adminSurfaceRemove", PackageResources.admin_surface_remove_sql)
  package static let adminSurfaceSet = Statement("adminSurfaceSet", PackageResources.admin_surface_set_sql)
  package static let adminSurfaces = Statement("adminSurfaces", PackageResources.admin_surfaces_sql)
  package static let adminTurnCancel = Statement("adminTurnCancel", PackageResources.admin_turn_cancel_sql)
  package static let adminTurnContent = Statement("adminTurnContent", PackageResources.admin_turn_content_sql)
  package static let adminTurns = Statement("adminTurns", PackageResources.admin_turns_sql)
  package static let adminUsage = Statement("adminUsage", PackageResources.admin_usage_sql)
  package static let adminUsageLeft = Statement("adminUsageLeft", PackageResources.admin_usage_left_sql)
  package static let checkClock = Statement("checkClock", PackageResources.check_clock_sql)
  package static let checkCredentials = Statement("checkCredentials", PackageResources.check_credentials_sql)
  package static let checkPrices = Statement("checkPrices", PackageResources.check_prices_sql)
  package static let checkRights = Statement("checkRights", PackageResources.check_rights_sql)
  package static let checkRing = Statement("checkRing", PackageResources.check_ring_sql)
  package static let checkRoutes = Statement("checkRoutes", PackageResources.check_routes_sql)
  package static let checkSealed = Statement("checkSealed", PackageResources.check_sealed_sql)
  package static let checkServer = Statement("checkServer", PackageResources.check_server_sql)
  package static let checkSettings = Statement("checkSettings", PackageResources.check_settings_sql)
  package static let checkTag = Statement("checkTag", PackageResources.check_tag_sql)
  package static let conversationDelete = Statement("conversationDelete", PackageResources.conversation_delete_sql)
  package static let conversationList = Statement("conversationList", PackageResources.conversation_list_sql)
  package static let conversationLive = Statement("conversationLive", PackageResources.conversation_live_sql)
  package static let conversationLock = Statement("conversationLock", PackageResources.conversation_lock_sql)
  package static let conversationRead = Statement("conversationRead", PackageResources.conversation_read_sql)
  package static let idempotencyFind = Statement("idempotencyFind", PackageResources.idempotency_find_sql)
  package static let idempotencyPurge = Statement("idempotencyPurge", PackageResources.idempotency_purge_sql)
  package static let identityCreate = Statement("identityCreate", PackageResources.identity_create_sql)
  package static let identityLink = Statement("identityLink", PackageResources.identity_link_sql)
  package static let messageList = Statement("messageList", PackageResources.message_list_sql)
  package static let modelList = Statement("modelList", PackageResources.model_list_sql)
  package static let nodeLeave = Statement("nodeLeave", PackageResources.node_leave_sql)
  package static let nodeList = Statement("nodeList", PackageResources.node_list_sql)
  package static let nodePeers = Statement("nodePeers", PackageResources.node_peers_sql)
  package static let nodePurge = Statement("nodePurge", PackageResources.node_purge_sql)
  package static let nodeRegister = Statement("nodeRegister", PackageResources.node_register_sql)
  package static let nodeRenew = Statement("nodeRenew", PackageResources.node_renew_sql)
  package static let nodeVoid = Statement("nodeVoid", PackageResources.node_void_sql)
  package static let ping = Statement("ping", PackageResources.ping_sql)
  package static let ringRecycle = Statement("ringRecycle", PackageResources.ring_recycle_sql)
  package static let routeHealthWrite = Statement("routeHealthWrite", PackageResources.route_health_write_sql)
  package static let schemaChanges = Statement("schemaChanges", PackageResources.schema_changes_sql)
  package static let startHistory = Statement("startHistory", PackageResources.start_history_sql)
  package static let startIdempotency = Statement("startIdempotency", PackageResources.start_idempotency_sql)
  package static let startTake = Statement("startTake", PackageResources.start_take_sql)
  package static let startTurn = Statement("startTurn", PackageResources.start_turn_sql)
  package static let surfaceKeyFind = Statement("surfaceKeyFind", PackageResources.surface_key_find_sql)
  package static let surfaces = Statement("surfaces", PackageResources.surfaces_sql)
  package static let turnAbandon = Statement("turnAbandon", PackageResources.turn_abandon_sql)
  package static let turnAdopt = Statement("turnAdopt", PackageResources.turn_adopt_sql)
  package static let turnCancel = Statement("turnCancel", PackageResources.turn_cancel_sql)
  package static let turnCancels = Statement("turnCancels", PackageResources.turn_cancels_sql)
  package static let turnChunks = Statement("turnChunks", PackageResources.turn_chunks_sql)
  package static let turnFinish = Statement("turnFinish", PackageResources.turn_finish_sql)
  package static let turnFlush = Statement("turnFlush", PackageResources.turn_flush_sql)
  package static let turnMessage = Statement("turnMessage", PackageResources.turn_message_sql)
  package static let turnMoved = Statement("turnMoved", PackageResources.turn_moved_sql)
  package static let turnNoteReaders = Statement("turnNoteReaders", PackageResources.turn_note_readers_sql)
  package static let turnOrphans = Statement("turnOrphans", PackageResources.turn_orphans_sql)
  package static let turnRead = Statement("turnRead", PackageResources.turn_read_sql)
  package static let turnReap = Statement("turnReap", PackageResources.turn_reap_sql)
  package static let turnsLive = Statement("turnsLive", PackageResources.turns_live_sql)
  package static let turnTail = Statement("turnTail", PackageResources.turn_tail_sql)
  package static let usageCounterPurge = Statement("usageCounterPurge", PackageResources.usage_counter_purge_sql)
  package static let usageExtend = Statement("usageExtend", PackageResources.usage_extend_sql)
  package static let usageHoldPurge = Statement("usageHoldPurge", PackageResources.usage_hold_purge_sql)
}
