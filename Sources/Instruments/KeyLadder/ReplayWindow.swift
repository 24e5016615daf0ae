/// Which numbers of one direction of a session have come: each counts once, and one that is much older than the newest
/// counts as come, because it is not remembered.
///
/// - Source: RFC 4303, 3.4.3 (the sliding window), with 64 numbers.
public struct ReplayWindow: Hashable, Sendable {
  /// How many numbers below the newest are remembered.
  public static let size: UInt64 = 64

  private var newest: UInt64?
  /// Bit n: the number n below the newest has come.
  private var seen: UInt64 = 0

  public init() {}

  /// Whether a number could be new. To be asked before a message is opened; it is noted only when it was authentic.
  public func mayBeNew(_ number: UInt64) -> Bool {
    guard let newest, number <= newest else { return true }
    let age = newest - number
    return age < Self.size && seen & 1 << age == 0
  }

  /// Notes a number.
  ///
  /// - Returns: false when it had come already.
  public mutating func note(_ number: UInt64) -> Bool {
    guard mayBeNew(number) else { return false }
    guard let newest, number <= newest else {
      let step = newest.map { number - $0 } ?? Self.size
      seen = step < Self.size ? seen << step | 1 : 1
      self.newest = number
      return true
    }
    seen |= 1 << (newest - number)
    return true
  }
}
