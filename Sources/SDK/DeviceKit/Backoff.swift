/// How long to wait before the next attempt to connect: exponential, with full jitter, so that a whole estate does not
/// come back in one second after a power cut.
public struct Backoff: Hashable, Sendable {
  /// The longest first wait; milliseconds.
  public let firstMilliseconds: Int64
  /// The longest wait of all; milliseconds.
  public let lastMilliseconds: Int64
  /// Attempts that have failed since the last good connection.
  public private(set) var failures = 0

  public init(firstMilliseconds: Int64 = 1_000, lastMilliseconds: Int64 = 300_000) {
    self.firstMilliseconds = max(1, firstMilliseconds)
    self.lastMilliseconds = max(self.firstMilliseconds, lastMilliseconds)
  }

  /// The longest that the next wait can be.
  public var ceilingMilliseconds: Int64 {
    let shift = min(failures, 40)
    return firstMilliseconds > lastMilliseconds >> Int64(shift)
      ? lastMilliseconds : min(lastMilliseconds, firstMilliseconds << Int64(shift))
  }

  /// An attempt failed, or a connection broke: how long to wait, in milliseconds.
  public mutating func failed(using random: inout some RandomNumberGenerator) -> Int64 {
    defer { failures += 1 }
    return Int64.random(in: 0...ceilingMilliseconds, using: &random)
  }

  /// A connection held.
  public mutating func succeeded() { failures = 0 }
}
