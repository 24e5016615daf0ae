import Crypto
import Foundation
package import Kernel
package import SQLStore

/// Record keys in the business store, each wrapped by one key that lies outside of it: for an installation without the
/// key service, and for tests. AES-256-GCM, the organisation, the person and the place as associated data.
///
/// Destroying takes the wrapped key out of the store; what was sealed with it is unreadable from that commit on.
package struct LocalRecordKeys: RecordKeys {
  /// Bytes of the key outside.
  package static let keyBytes = 32

  private let work: Work
  private let outer: SymmetricKey

  /// - Parameter key: `keyBytes` random bytes that the store does not hold.
  package init(work: Work, key: [UInt8]) {
    precondition(key.count == Self.keyBytes, "a key has 32 bytes")
    self.work = work
    outer = SymmetricKey(data: key)
  }

  /// The table of wrapped keys; in the business store.
  package static let migrations = SQLMigrations(
    context: "recordkeys",
    steps: [
      .init(
        1, "record keys",
        """
        CREATE TABLE privacy_key (
          organisation {id} NOT NULL,
          subject {id} NOT NULL,
          wrapped {blob},
          destroyed_at {int},
          PRIMARY KEY (organisation, subject),
          CONSTRAINT privacy_key_gone CHECK ((wrapped IS NULL) = (destroyed_at IS NOT NULL))
        ) {clustered};
        """)
    ])

  package func seal(_ bytes: [UInt8], of subject: DataSubject, place: String) async throws -> [UInt8] {
    let made = SymmetricKey(size: .bits256).withUnsafeBytes { Array($0) }
    let wrapped = try wrap(made, subject)
    let stored = try await work.transaction { unit -> [UInt8]? in
      try unit.sql.execute(
        """
        INSERT INTO privacy_key (organisation, subject, wrapped)
        VALUES (\(subject.organisation), \(subject.id), \(wrapped)) ON CONFLICT DO NOTHING
        """)
      return try unit.sql.wrappedKey(of: subject)
    }
    guard let stored else { throw PrivacyError.erased }
    let box = try AES.GCM.seal(bytes, using: try unwrap(stored, subject), authenticating: data(subject, place))
    guard let combined = box.combined else { throw PrivacyError.keysUnavailable }
    return Array(combined)
  }

  package func open(_ sealed: [UInt8], of subject: DataSubject, place: String) async throws -> [UInt8] {
    guard let stored = try await work.store.read({ try $0.wrappedKey(of: subject) }) else { throw PrivacyError.erased }
    let box = try AES.GCM.SealedBox(combined: sealed)
    return Array(try AES.GCM.open(box, using: try unwrap(stored, subject), authenticating: data(subject, place)))
  }

  package func destroy(of subject: DataSubject, in unit: Kernel.Unit) throws -> Bool {
    try unit.sql.execute(
      """
      UPDATE privacy_key SET wrapped = NULL, destroyed_at = \(unit.now)
      WHERE organisation = \(subject.organisation) AND subject = \(subject.id) AND wrapped IS NOT NULL
      """) == 1
  }

  private func wrap(_ key: [UInt8], _ subject: DataSubject) throws -> [UInt8] {
    let box = try AES.GCM.seal(key, using: outer, authenticating: data(subject, "key"))
    return Array(box.combined ?? Data())
  }

  private func unwrap(_ wrapped: [UInt8], _ subject: DataSubject) throws -> SymmetricKey {
    let box = try AES.GCM.SealedBox(combined: wrapped)
    return SymmetricKey(data: try AES.GCM.open(box, using: outer, authenticating: data(subject, "key")))
  }

  private func data(_ subject: DataSubject, _ place: String) -> Data {
    Data(subject.organisation.bytes + subject.id.bytes + Array(place.utf8))
  }
}

extension SQLConnection {
  /// nil when there is none (any more).
  fileprivate func wrappedKey(of subject: DataSubject) throws -> [UInt8]? {
    try row(
      """
      SELECT wrapped FROM privacy_key WHERE organisation = \(subject.organisation) AND subject = \(subject.id)
      """)?.optionalBlob("wrapped")
  }
}
