/// What a principal may be allowed to do. A use case names the one it needs, and where.
package enum Permission: String, CaseIterable, Sendable, Codable {
  /// Make and revoke API keys, none of which may do more than its maker.
  case accountsKeys = "accounts.keys"
  /// Appoint and dismiss the four officers: system administrator, security officer, key custodian, auditor.
  case accountsOfficers = "accounts.officers"
  case accountsRead = "accounts.read"
  /// Make and change accounts, give them business roles.
  case accountsWrite = "accounts.write"
  case alarmsAcknowledge = "alarms.acknowledge"
  case alarmsRead = "alarms.read"
  /// Take the audit log out of the platform, with its proofs.
  case auditExport = "audit.export"
  /// Search the audit log.
  case auditRead = "audit.read"
  case devicesCommand = "devices.command"
  case devicesRead = "devices.read"
  /// Give a device to another owner or take it out of service.
  case devicesUnbind = "devices.unbind"
  case devicesWrite = "devices.write"
  case estateRead = "estate.read"
  case estateWrite = "estate.write"
  /// Establish the authorities of identity certificates.
  case identitiesAuthorities = "identities.authorities"
  case identitiesRead = "identities.read"
  /// Issue, renew and revoke identity certificates of third parties.
  case identitiesWrite = "identities.write"
  /// Destroy a person's record key, after its legal holds.
  case privacyErase = "privacy.erase"
  /// Open sealed personal data, each time with a reason.
  case privacyOpen = "privacy.open"
  /// See consents and requests of persons, without opening sealed data.
  case privacyRead = "privacy.read"
  /// Act on requests of persons: export, correction, consent.
  case privacyWrite = "privacy.write"
  /// Give one of the two approvals that a quorum operation of the key service needs.
  case vaultApprove = "vault.approve"
  /// Rotate, disable and destroy keys, back up and restore.
  case vaultOperate = "vault.operate"
  /// See the keys' states; never a key.
  case vaultRead = "vault.read"

  /// Whether its use cases need a second verification, done not long before.
  ///
  /// - Source: clause 9.3 c.
  package var isSensitive: Bool {
    switch self {
    case .accountsKeys, .accountsOfficers, .accountsWrite, .auditExport, .devicesUnbind,
      .identitiesAuthorities, .identitiesWrite, .privacyErase, .vaultApprove, .vaultOperate:
      true
    case .accountsRead, .alarmsAcknowledge, .alarmsRead, .auditRead, .devicesCommand, .devicesRead, .devicesWrite,
      .estateRead, .estateWrite, .identitiesRead, .privacyOpen, .privacyRead, .privacyWrite, .vaultRead:
      false
    }
  }
}
