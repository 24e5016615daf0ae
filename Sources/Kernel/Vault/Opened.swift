package import Guomi
package import Kernel

/// A value that can be sealed: it becomes bytes, and comes back from them.
package protocol Sealable: Sendable {
  /// Lends the value's bytes.
  func withSealableBytes<Result, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result
  /// - Returns: nil when the bytes are not such a value.
  init?(sealableBytes: UnsafeRawBufferPointer)
}

extension String: Sealable {
  package func withSealableBytes<Result, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    var copy = Array(utf8)
    return try SecretBytes(taking: &copy).withUnsafeBytes(body)
  }

  package init?(sealableBytes bytes: UnsafeRawBufferPointer) {
    guard let text = String(validating: bytes, as: UTF8.self) else { return nil }
    self = text
  }
}

extension [UInt8]: Sealable {
  package func withSealableBytes<Result, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let outcome = withUnsafeBytes { bytes in
      Swift.Result { () throws(Failure) in try body(bytes) }
    }
    return try outcome.get()
  }

  package init?(sealableBytes bytes: UnsafeRawBufferPointer) { self = Array(bytes) }
}

/// A secret sealed and opened without a copy in ordinary memory; `count` may be anything.
extension SecretBytes: Sealable {
  package func withSealableBytes<Result, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try withUnsafeBytes(body)
  }

  package convenience init?(sealableBytes bytes: UnsafeRawBufferPointer) {
    self.init(copying: bytes)
  }
}

/// A value while it is open. It prints as "‹opened›", is in no mirror, and its bytes are wiped when it goes.
package struct Opened<Value: Sealable>: Sendable {
  private let secret: SecretBytes

  init(_ secret: SecretBytes) {
    self.secret = secret
  }

  /// Lends the bytes; the way to write a value into an answer without leaving copies behind.
  package func withBytes<Result, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try secret.withUnsafeBytes(body)
  }

  /// The value itself. Whoever takes it out answers for the copy: it is neither masked nor wiped any more.
  ///
  /// - Throws: `.malformed` when what was sealed is not such a value.
  package func reveal() throws(VaultError) -> Value {
    guard let value = secret.withUnsafeBytes({ Value(sealableBytes: $0) }) else { throw .malformed }
    return value
  }
}

extension Opened: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  package var description: String { "‹opened›" }
  package var debugDescription: String { "‹opened›" }
  package var customMirror: Mirror { Mirror(self, children: []) }
}

/// The one place a sealed value belongs to. It is bound to it: in another row, column or table it does not open.
package struct SealedPlace: Sendable, Hashable {
  package let organisation: ID<Organisation>
  package let table: String
  package let column: String
  /// The row's key: an id's sixteen bytes, or whatever the table is keyed by. Up to 255 bytes.
  package let row: [UInt8]

  package init(organisation: ID<Organisation>, table: String, column: String, row: [UInt8]) {
    self.organisation = organisation
    self.table = table
    self.column = column
    self.row = row
  }

  package init<Entity>(organisation: ID<Organisation>, table: String, column: String, row: ID<Entity>) {
    self.init(organisation: organisation, table: table, column: column, row: row.bytes)
  }

  /// The place, the data key and the suite as associated data; every part with its length, so that no two places look
  /// the same.
  func associated(head: ArraySlice<UInt8>) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(head.count + 22 + table.utf8.count + column.utf8.count + row.count)
    bytes += head
    for half in [organisation.high, organisation.low] { Swift.withUnsafeBytes(of: half.bigEndian) { bytes += $0 } }
    for count in [table.utf8.count, column.utf8.count, row.count] {
      bytes.append(UInt8(truncatingIfNeeded: count >> 8))
      bytes.append(UInt8(truncatingIfNeeded: count))
    }
    bytes += table.utf8
    bytes += column.utf8
    bytes += row
    return bytes
  }
}
