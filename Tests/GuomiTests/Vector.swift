import Synchronization

@testable import Guomi

extension [UInt8] {
  /// Bytes of a published vector: hexadecimal, blanks allowed.
  init(vector: String) {
    self = bytes(vector)
  }

  var hexadecimalText: String { hex(self) }
}

extension SecretBytes {
  convenience init(vector: String) { self.init(copying: [UInt8](vector: vector)) }

  /// For comparing with a vector; only tests look into a secret so.
  var revealed: [UInt8] { withUnsafeBytes { Array($0) } }
}

extension RandomSource {
  static let broken = RandomSource { (_: UnsafeMutableRawBufferPointer) throws(RandomFailure) in
    throw RandomFailure(reason: "broken")
  }
}

/// Values one after the other, then the last again.
final class SharedSequence: Sendable {
  private let values: Mutex<[[UInt8]]>

  init(_ values: [[UInt8]]) { self.values = Mutex(values) }

  func next() -> [UInt8] { values.withLock { $0.count > 1 ? $0.removeFirst() : $0[0] } }
}
