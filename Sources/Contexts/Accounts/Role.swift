package import Kernel

/// What an account is for (角色); decides what it may do.
package enum Role: String, CaseIterable, Sendable, Codable {
  /// Everything, accounts too.
  case administrator
  /// Runs the estate: rooms, devices, alarms.
  case `operator`
  /// Watches and acknowledges alarms (值班).
  case `guard`
  /// Looks only.
  case viewer

  package var permissions: Set<Permission> {
    switch self {
    case .administrator: Set(Permission.allCases)
    case .operator: Set(Permission.allCases).subtracting([.accountsRead, .accountsWrite])
    case .guard: [.alarmsAcknowledge, .alarmsRead, .devicesRead, .estateRead]
    case .viewer: [.alarmsRead, .devicesRead, .estateRead]
    }
  }
}
