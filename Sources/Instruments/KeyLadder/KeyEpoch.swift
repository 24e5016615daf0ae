/// The time for which a communication key is good; it is renewed at its end at the latest.
///
/// - Source: clause 9.4 e (the timestamp is renewed regularly).
public struct KeyEpoch: Hashable, Sendable {
  /// A day.
  public static let secondsStandard: UInt64 = 86_400

  /// When it begins, seconds since 1970 UTC.
  public let start: UInt64

  public init(start: UInt64) { self.start = start }

  /// The epoch that a moment falls into.
  ///
  /// - Parameters:
  ///   - seconds: since 1970 UTC.
  ///   - length: of every epoch, in seconds; 1 or more.
  public init(at seconds: UInt64, length: UInt64 = KeyEpoch.secondsStandard) {
    start = seconds - seconds % max(1, length)
  }

  /// Eight bytes, big-endian.
  public var bytes: [UInt8] { bigEndian(start) }

  /// Whether a key of this epoch may be used now: it is the present one, the one before or the one after, since clocks
  /// differ.
  public func isAccepted(at seconds: UInt64, length: UInt64 = KeyEpoch.secondsStandard) -> Bool {
    let length = max(1, length)
    guard start % length == 0 else { return false }
    let present = KeyEpoch(at: seconds, length: length).start
    return start == present || start == present &- length && present >= length || start == present &+ length
  }
}
