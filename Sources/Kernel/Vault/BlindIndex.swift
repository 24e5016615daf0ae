import Guomi
package import Kernel
package import SQLStore

/// What a sealed field can be searched by: sixteen bytes that are equal when the values are, and say nothing else.
/// HMAC-SM3 under a key of its own, which is neither a data key nor derived from one.
///
/// Equal values show: a field of few possible values (a sex, a status) must not have one.
package struct BlindIndex: Sendable, Hashable {
  package static let byteCount = 16
  package let bytes: [UInt8]

  init(bytes: [UInt8]) {
    self.bytes = bytes
  }

  /// Takes bytes out of a table; nil unless there are exactly sixteen.
  package init?(stored bytes: [UInt8]) {
    guard bytes.count == Self.byteCount else { return nil }
    self.bytes = bytes
  }
}

extension BlindIndex: SQLBindable, CustomStringConvertible {
  package var sqlValue: SQLValue { .blob(bytes) }
  package var description: String { "‹index›" }
}

/// Makes the indices of one purpose, without waiting.
package struct BlindIndexer: Sendable {
  private let key: HMACSM3
  private let organisation: ID<Organisation>

  init(key: SecretBytes, organisation: ID<Organisation>) {
    self.key = HMACSM3(key: key)
    self.organisation = organisation
  }

  /// The index of a value in a column.
  ///
  /// - Parameter value: normalised by the caller, so that what people take for the same is the same.
  package func index<Value: Sealable>(_ value: Value, table: String, column: String) -> BlindIndex {
    var authentication = HMACSM3.Authentication(key: key)
    authentication.update(organisation.bytes)
    for text in [table, column] {
      authentication.update([UInt8(truncatingIfNeeded: text.utf8.count)])
      authentication.update(Array(text.utf8))
    }
    value.withSealableBytes { authentication.update($0) }
    return BlindIndex(bytes: Array(authentication.tag().bytes.prefix(BlindIndex.byteCount)))
  }
}

extension Vault {
  /// What makes the blind indices of a purpose.
  ///
  /// - Throws: `.unreachable`, `.sealed` …
  package func indexer(organisation: ID<Organisation>, purpose: String) async throws(VaultError) -> BlindIndexer {
    BlindIndexer(key: try await indexKey(organisation, purpose), organisation: organisation)
  }
}
