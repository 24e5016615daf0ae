import Synchronization
import TestSupport

@testable import Guomi

extension [UInt8] {
  /// Bytes of a published vector: hexadecimal, blanks allowed.
  init(vector: String) {
    let digits = vector.filter { !$0.isWhitespace }.map { UInt8(String($0), radix: 16) ?? 0 }
    self = stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
  }

  var hexadecimalText: String { hexadecimal(self) }
}

extension SecretBytes {
  convenience init(vector: String) { self.init(copying: [UInt8](vector: vector)) }

  /// For comparing with a vector; only tests look into a secret so.
  var revealed: [UInt8] { withUnsafeBytes { Array($0) } }
}

extension RandomSource {
  /// The same bytes in every run.
  static func seeded(_ seed: UInt64) -> RandomSource {
    let random = SharedRandom(seed: seed)
    return RandomSource { random.bytes($0) }
  }

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
