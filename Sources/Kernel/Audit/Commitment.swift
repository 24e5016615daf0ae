import Kernel

/// What stands in the log for a value that may have to be erased: its salted hash.
///
/// commitment = SM3(LP("anju-audit-field-1") ‖ LP(salt) ‖ LP(field) ‖ LP(subject) ‖ LP(value)); LP(x) is the length of
/// x in four bytes, big endian, then x. The salt has 32 bytes, at least 128 of whose bits nobody can guess. While salt
/// and value are kept, in a table beside the log, anybody can check that the value is the one that was written; when
/// they are deleted, the commitment tells nothing of the value, and every proof of the entry stays as it was.
package struct Commitment: Sendable, Hashable {
  /// Bytes of a salt.
  package static let saltByteCount = 32

  /// 64 hexadecimal digits.
  package let text: String

  /// - Parameters:
  ///   - field: which field of the entry: `who.name`.
  ///   - subject: whose data; nil for nobody's.
  package init(salt: [UInt8], field: String, subject: String?, value: String) {
    var bytes: [UInt8] = []
    let texts = [field, subject ?? "", value].map { Array($0.utf8) }
    for part in [Array("anju-audit-field-1".utf8), salt] + texts {
      let count = UInt32(part.count)
      for shift in stride(from: 24, through: 0, by: -8) { bytes.append(UInt8(truncatingIfNeeded: count >> shift)) }
      bytes += part
    }
    text = AuditHash.sm3(bytes).hexadecimal
  }
}

/// A committed value with what proves it.
package struct AuditOpening: Sendable, Hashable {
  /// Which field of the entry: `who.name`, `from.address`, `from.agent`, `why`, or a detail's name after `detail.`.
  package let field: String
  /// Whose data it is; nil for nobody's.
  package let subject: String?
  package let salt: [UInt8]
  package let value: String

  package init(field: String, subject: String?, salt: [UInt8], value: String) {
    self.field = field
    self.subject = subject
    self.salt = salt
    self.value = value
  }

  /// The commitment that this opens.
  package var commitment: Commitment {
    Commitment(salt: salt, field: field, subject: subject, value: value)
  }
}
