/// A compressed run of samples of one series, in order of time: what history is stored as.
///
/// Layout, version 1: a byte of version and kind, a byte of the time's unit and the order of differences of both
/// columns, a byte of the values' scale, the count as a varint; then the times and the values, each as its first terms
/// (zigzag varints) and blocks of 32 differences, a block being its bits per difference and the bits. Devices report at
/// even intervals, and what they measure changes little: most differences take no bits or few.
public enum Chunk {
  /// Samples of one chunk at most.
  public static let samplesMax = 4_096

  /// What the values are.
  public enum Kind: UInt8, Sendable, Hashable {
    /// Whole numbers that stand for `value` × 10^-`scale`.
    case scaled = 0
    /// The bits of doubles.
    case double = 1
  }

  /// Decoded samples. Reused from one decoding to the next, it allocates once.
  public struct Samples: Sendable, Hashable {
    /// Microseconds since 1970, rising.
    public var times: [Int64] = []
    /// Scaled values, or the bit patterns of doubles.
    public var values: [Int64] = []
    public var kind = Kind.scaled
    /// 0 to 18; 0 for doubles.
    public var scale: UInt8 = 0

    public init() {}

    public init(times: [Int64], values: [Int64], scale: UInt8 = 0, kind: Kind = .scaled) {
      self.times = times
      self.values = values
      self.scale = scale
      self.kind = kind
    }

    public var count: Int { times.count }
  }

  /// The bytes are no chunk.
  public enum Corrupt: Error, Hashable, Sendable {
    case version(UInt8)
    case count(Int)
    case endsTooEarly
    case width(UInt8)
    case trailingBytes
    case order
  }

  static let version: UInt8 = 1
  static let blockSamples = 32
}

/// The unit that all times of a chunk are whole multiples of.
enum TimeUnit: UInt8 {
  case microsecond = 0
  case millisecond = 1
  case second = 2

  var microseconds: Int64 {
    switch self {
    case .microsecond: 1
    case .millisecond: 1_000
    case .second: 1_000_000
    }
  }

  static func of(_ times: [Int64]) -> TimeUnit {
    var isMilliseconds = true
    var isSeconds = true
    for time in times {
      if time % 1_000 != 0 {
        isMilliseconds = false
        break
      }
      if isSeconds, time % 1_000_000 != 0 { isSeconds = false }
    }
    return !isMilliseconds ? .microsecond : isSeconds ? .second : .millisecond
  }
}
