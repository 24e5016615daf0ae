/// How a value is sealed. The number stands in every ciphertext and never changes its meaning.
package enum Suite: UInt8, Sendable, Hashable, CaseIterable {
  /// AES-256-GCM, the record's key by HKDF-SHA256.
  case aes256GCM = 1
  /// SM4-GCM, the record's key by HKDF-SM3.
  case sm4GCM = 2

  /// Bytes of a data key: the secret that the records' keys are derived from.
  package var dataKeyBytes: Int {
    switch self {
    case .aes256GCM: 32
    case .sm4GCM: 32
    }
  }

  /// Its word in the key service's store and answers.
  package var word: String {
    switch self {
    case .aes256GCM: "aes256-gcm"
    case .sm4GCM: "sm4-gcm"
    }
  }

  package init?(word: String) {
    guard let suite = Self.allCases.first(where: { $0.word == word }) else { return nil }
    self = suite
  }
}

/// How much a value is worth protecting: part of a sealed field's type, so that no code can take the weaker one.
package protocol SealClass: Sendable {
  static var suite: Suite { get }
}

/// Important data: business data whose loss harms people.
///
/// - Source: clause 9.2.2 a.
package enum Important: SealClass {
  package static let suite = Suite.aes256GCM
}

/// Sensitive data: identities, faces, fingerprints, passwords, keys of doors.
///
/// - Source: clause 9.4 c.
package enum Sensitive: SealClass {
  package static let suite = Suite.sm4GCM
}
