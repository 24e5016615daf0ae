package import Kernel

/// Who may sign in (账号). A principal and its account have one identity.
package struct Account: Sendable, Hashable {
  package let id: ID<Principal>
  package let organisation: ID<Organisation>
  /// What is typed at sign-in; unique in the whole installation.
  package let name: String
  /// What others see.
  package internal(set) var displayName: String
  /// An account that is not active cannot sign in; its sessions have ended.
  package internal(set) var isActive: Bool
  /// Whether it must set a password of its own before anything else: another person knows the one it has.
  package internal(set) var mustChangePassword: Bool
  package let createdAt: Instant
  package internal(set) var version: Int64
  /// What it is trusted with; nil before its first role.
  package internal(set) var duty: Duty?
  /// Those not taken back, also those to come and those that are over.
  package internal(set) var assignments: [RoleAssignment]
  /// Empty for one that was invited and has not chosen a password yet: nothing matches it.
  var passwordHash: String
  var lockout: Lockout

  /// Until when it is locked after wrong passwords; nil when it is not.
  package func lockedUntil(at now: Instant) -> Instant? {
    lockout.lockedUntil.flatMap { $0 > now ? $0 : nil }
  }

  /// Whether it was invited and has not chosen a password yet.
  package var isInvited: Bool { passwordHash.isEmpty }

  /// The roles that hold now, each once, in the order of the enumeration.
  package func roles(at now: Instant) -> [Role] {
    let held = Set(assignments.lazy.filter { $0.holds(at: now) }.map(\.role))
    return Role.allCases.filter(held.contains)
  }

  /// What it may do, and where, with the roles that hold now.
  func grants(at now: Instant) -> [Grant] {
    var permissions: [Scope: Set<Permission>] = [:]
    for assignment in assignments where assignment.holds(at: now) {
      permissions[assignment.scope, default: []].formUnion(assignment.role.permissions)
    }
    return permissions.sorted { $0.key.order < $1.key.order }.map { Grant($0.value, in: $0.key) }
  }

  /// The principal of a session. Until the second factor is shown, or the password changed, it may do nothing.
  func principal(at now: Instant, _ assurance: Assurance, _ origin: Origin) -> Principal {
    let isDue = mustChangePassword || (assurance.hasSecondFactor && assurance.secondFactorAt == nil)
    return Principal(
      id: id, kind: .person, organisation: organisation, name: displayName, grants: isDue ? [] : grants(at: now),
      assurance: assurance, origin: origin, mustChangePassword: mustChangePassword)
  }
}

extension Scope {
  /// Of the organisation first, then by id: a stable order.
  fileprivate var order: String { "\(self == .organisation ? 0 : 1)\(kind)\(place ?? [])" }
}

/// An account to be.
package struct NewAccount: Sendable {
  package var name: String
  package var displayName: String
  package var roles: [NewAssignment]
  /// To be changed at the first sign-in; nil to invite, so that only its owner ever knows one.
  package var password: String?

  package init(name: String, displayName: String, roles: [NewAssignment], password: String?) {
    self.name = name
    self.displayName = displayName
    self.roles = roles
    self.password = password
  }

  /// One role, in all of the organisation.
  package init(name: String, displayName: String, role: Role, password: String?) {
    self.init(name: name, displayName: displayName, roles: [NewAssignment(role)], password: password)
  }
}

/// The rules of names.
enum AccountRules {
  static let nameBytesMax = 64
  static let displayNameBytesMax = 128

  /// - Returns: the name as it is stored: small letters.
  static func name(_ text: String) throws(AccountsError) -> String {
    let name = text.lowercased()
    let isPlain = name.utf8.allSatisfy { byte in
      (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
        || byte == UInt8(ascii: "@")
    }
    guard !name.isEmpty, name.utf8.count <= nameBytesMax, isPlain else {
      throw .fieldInvalid(
        field: "name", problem: "must be 1 to \(nameBytesMax) of the characters a to z, 0 to 9, . - _ @")
    }
    return name
  }

  static func displayName(_ text: String, field: String = "displayName") throws(AccountsError) -> String {
    let isPrintable = text.unicodeScalars.allSatisfy { $0.value >= 32 && $0.value != 127 }
    guard !text.allSatisfy(\.isWhitespace), text.utf8.count <= displayNameBytesMax, isPrintable else {
      throw .fieldInvalid(
        field: field, problem: "must be 1 to \(displayNameBytesMax) bytes of printable text")
    }
    return text
  }
}
