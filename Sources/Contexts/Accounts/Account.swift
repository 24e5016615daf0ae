package import Kernel

/// Who may sign in (账号). A principal and its account have one identity.
package struct Account: Sendable, Hashable {
  package let id: ID<Principal>
  package let organisation: ID<Organisation>
  /// What is typed at sign-in; unique in the whole installation.
  package let name: String
  /// What others see.
  package internal(set) var displayName: String
  package internal(set) var role: Role
  /// An account that is not active cannot sign in; its sessions have ended.
  package internal(set) var isActive: Bool
  package let createdAt: Instant
  package internal(set) var version: Int64
  var passwordHash: String
  var lockout: Lockout

  /// Until when it is locked after wrong passwords; nil when it is not.
  package func lockedUntil(at now: Instant) -> Instant? {
    lockout.lockedUntil.flatMap { $0 > now ? $0 : nil }
  }

  var principal: Principal {
    Principal(
      id: id, kind: .person, organisation: organisation, name: displayName, permissions: role.permissions)
  }
}

/// An account to be.
package struct NewAccount: Sendable {
  package var name: String
  package var displayName: String
  package var role: Role
  package var password: String

  package init(name: String, displayName: String, role: Role, password: String) {
    self.name = name
    self.displayName = displayName
    self.role = role
    self.password = password
  }
}

/// The rules of names and passwords.
enum AccountRules {
  static let nameBytesMax = 64
  static let displayNameBytesMax = 128
  static let passwordCharactersMin = 10
  /// Argon2 takes any length; a limit keeps the work for a request bounded.
  static let passwordBytesMax = 1_024

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

  static func password(_ text: String, for name: String) throws(AccountsError) {
    guard text.count >= passwordCharactersMin, text.utf8.count <= passwordBytesMax else {
      throw .passwordWeak("must have \(passwordCharactersMin) characters or more, at most \(passwordBytesMax) bytes")
    }
    guard Set(text).count >= 4, text.lowercased() != name else {
      throw .passwordWeak("must not be the name and must have at least four different characters")
    }
  }
}
