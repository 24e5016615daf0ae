package import Kernel
package import SQLStore

/// The tag of `ID<DataKey>`.
package enum DataKey {}

/// A value that only the vault opens. It prints as "‹sealed›" and nothing else of it can be seen: its bytes go to a
/// column of type `{blob}`.
package struct Sealed<Value: Sealable, Class: SealClass>: Sendable, Hashable {
  /// Format, suite, flags, data key, nonce, ciphertext, tag: what stands in the table.
  package let stored: [UInt8]

  /// Takes bytes out of a table.
  ///
  /// - Throws: `.malformed`, `.unknownSuite`; `.malformed` also when they are of another class.
  package init(stored: [UInt8]) throws(VaultError) {
    let layout = try SealedLayout(stored)
    guard layout.suite == Class.suite else { throw .malformed }
    self.stored = stored
  }

  init(made stored: [UInt8]) {
    self.stored = stored
  }

  /// The key it is sealed under: for counting what a rotation has still to do.
  package var key: ID<DataKey>? { try? SealedLayout(stored).key }
}

extension Sealed: SQLBindable {
  package var sqlValue: SQLValue { .blob(stored) }
}

extension Sealed: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  package var description: String { "‹sealed›" }
  package var debugDescription: String { "‹sealed›" }
  package var customMirror: Mirror { Mirror(self, children: []) }
}

extension SQLRow {
  /// The sealed value in a column.
  ///
  /// - Throws: `.column` for NULL, or for bytes that are none of this class.
  package func sealed<Value, Class>(
    _ name: String, as _: Sealed<Value, Class>.Type = Sealed<Value, Class>.self
  ) throws(SQLError) -> Sealed<Value, Class> {
    let bytes = try blob(name)
    do { return try Sealed(stored: bytes) } catch {
      throw .column(name: name, message: "is no sealed value of its class")
    }
  }

  /// The sealed value in a column, or nil for NULL.
  package func optionalSealed<Value, Class>(
    _ name: String, as _: Sealed<Value, Class>.Type = Sealed<Value, Class>.self
  ) throws(SQLError) -> Sealed<Value, Class>? {
    try value(name) == .null ? nil : try sealed(name)
  }
}

/// Where the parts of a stored value lie.
struct SealedLayout {
  static let format: UInt8 = 1
  static let saltBytes = 16
  static let nonceBytes = 12
  static let tagBytes = 16
  /// The salt stands with the ciphertext.
  static let ownSalt: UInt8 = 0
  /// The salt is the record key's, and stands in its own table.
  static let recordSalt: UInt8 = 1
  static let headBytes = 3 + 16

  let suite: Suite
  let flags: UInt8
  let key: ID<DataKey>
  /// nil when it is a record key's.
  let salt: Range<Int>?
  let nonce: Range<Int>
  let ciphertext: Range<Int>
  let tag: Range<Int>

  init(_ stored: [UInt8]) throws(VaultError) {
    guard stored.count >= 3, stored[0] == Self.format else { throw .malformed }
    guard let suite = Suite(rawValue: stored[1]) else { throw .unknownSuite(stored[1]) }
    guard stored[2] == Self.ownSalt || stored[2] == Self.recordSalt else { throw .malformed }
    let nonceStart = Self.headBytes + (stored[2] == Self.ownSalt ? Self.saltBytes : 0)
    guard stored.count >= nonceStart + Self.nonceBytes + Self.tagBytes,
      let key = ID<DataKey>(bytes: stored[3..<Self.headBytes])
    else { throw .malformed }
    self.suite = suite
    self.key = key
    flags = stored[2]
    salt = flags == Self.ownSalt ? Self.headBytes..<nonceStart : nil
    nonce = nonceStart..<(nonceStart + Self.nonceBytes)
    ciphertext = nonce.upperBound..<(stored.count - Self.tagBytes)
    tag = ciphertext.upperBound..<stored.count
  }
}
