package import Kernel

/// What an account is for (角色); decides what it may do where it is assigned.
package enum Role: String, CaseIterable, Sendable, Codable {
  /// Runs the estate: rooms, devices, alarms (运营).
  case `operator`
  /// Lets rooms (租务).
  case leasing
  /// Bills and payments (财务).
  case finance
  /// Watches and acknowledges alarms (值班).
  case `guard`
  /// Repairs (维修).
  case maintenance
  /// The housing authority: looks at the estate it supervises (住建部门).
  case housingAuthority
  /// Law enforcement: looks for a room or a person, with a reason each time (执法人员).
  case enforcementOfficer
  /// Lives there; sees what is their own (承租人).
  case tenant
  /// Supplies and services devices (供应商).
  case vendor
  /// Looks only.
  case viewer
  /// Accounts and roles; no business data (系统管理员).
  case systemAdministrator
  /// Appoints officers, approves operations on keys (安全管理员).
  case securityOfficer
  /// Keeps the keys (密钥管理员).
  case keyCustodian
  /// Reads the audit log, changes nothing (审计员).
  case auditor

  /// What it may do where it holds. docs/accounts.md says the same for people, Tests/OpenAPITests/permissions.tsv for
  /// every route.
  package var permissions: Set<Permission> {
    switch self {
    case .operator:
      [
        .accountsKeys, .alarmsAcknowledge, .alarmsRead, .devicesCommand, .devicesRead, .devicesUnbind, .devicesWrite,
        .estateRead, .estateWrite, .identitiesRead, .identitiesWrite, .privacyOpen, .privacyRead, .privacyWrite,
      ]
    case .leasing: [.alarmsRead, .devicesRead, .estateRead, .privacyOpen, .privacyRead, .privacyWrite]
    case .finance: [.devicesRead, .estateRead]
    case .guard: [.alarmsAcknowledge, .alarmsRead, .devicesRead, .estateRead]
    case .maintenance: [.alarmsAcknowledge, .alarmsRead, .devicesCommand, .devicesRead, .estateRead]
    case .housingAuthority: [.alarmsRead, .estateRead]
    case .enforcementOfficer: [.alarmsRead, .estateRead, .privacyOpen, .privacyRead]
    case .tenant: []
    case .vendor: [.devicesRead, .estateRead]
    case .viewer: [.alarmsRead, .devicesRead, .estateRead]
    // Where a role holds is said by naming a building: that, and nothing more, is read of the estate.
    case .systemAdministrator: [.accountsRead, .accountsWrite, .estateRead]
    case .securityOfficer:
      [
        .accountsOfficers, .accountsRead, .auditRead, .estateRead, .identitiesAuthorities, .identitiesRead,
        .privacyErase, .privacyRead, .vaultApprove, .vaultRead,
      ]
    case .keyCustodian: [.vaultApprove, .vaultOperate, .vaultRead]
    case .auditor: [.accountsRead, .auditExport, .auditRead, .identitiesRead, .privacyRead, .vaultRead]
    }
  }

  package var duty: Duty {
    switch self {
    case .systemAdministrator: .systemAdministrator
    case .securityOfficer: .securityOfficer
    case .keyCustodian: .keyCustodian
    case .auditor: .auditor
    case .operator, .leasing, .finance, .guard, .maintenance, .housingAuthority, .enforcementOfficer, .tenant, .vendor,
      .viewer:
      .business
    }
  }

  /// Whether it is one of the four that exclude one another and all business.
  package var isOffice: Bool { duty != .business }
}

/// What an account is trusted with: the business, or one of the four offices. Never two of them.
///
/// - Source: clause 9.2.2 c.
package enum Duty: String, CaseIterable, Sendable, Codable {
  case business
  case systemAdministrator
  case securityOfficer
  case keyCustodian
  case auditor
}
