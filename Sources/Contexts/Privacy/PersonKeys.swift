package import Kernel

/// The port to the key of a person's sealed data: destroying it makes everything sealed with it unreadable at once, in
/// the store and, when those have aged out, in its backups.
package protocol PersonKeys: Sendable {
  /// Seals bytes with the person's own key, which is made when there is none.
  ///
  /// - Parameter place: which row and column, in at most 200 bytes; a sealed value opens nowhere else.
  /// - Throws: `PrivacyError.keysUnavailable` when the key service cannot be reached, `.erased` when the person's key
  ///   was destroyed.
  func seal(_ bytes: [UInt8], of subject: DataSubject, place: String) async throws -> [UInt8]

  /// Opens what `seal` made.
  ///
  /// - Throws: as `seal`; `PrivacyError.unreadable` for what was changed or stands elsewhere.
  func open(_ sealed: [UInt8], of subject: DataSubject, place: String) async throws -> [UInt8]

  /// Destroys the person's key in this transaction; no other is ever made for them.
  ///
  /// - Returns: false when there was none, or it was destroyed before.
  func destroy(of subject: DataSubject, in unit: Unit) throws -> Bool
}
