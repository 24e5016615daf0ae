extension DurableLog {
  /// Two queues in one file: urgent batches are written first in every commit and are never held back.
  public enum Lane: Int, CaseIterable, Sendable {
    case urgent = 0
    case bulk = 1
  }

  /// Where a batch lies in its lane. Grows by one a batch, never reused, not even after everything was trimmed.
  public struct Position: Hashable, Comparable, Sendable {
    public let value: Int64

    public init(_ value: Int64) {
      self.value = value
    }

    /// Before the first batch: reading after it begins at the beginning.
    public static let start = Position(0)

    public static func < (left: Self, right: Self) -> Bool { left.value < right.value }
  }

  /// One committed batch, its checksum verified.
  public struct Segment: Sendable {
    public let position: Position
    /// How many records the writer said the batch holds.
    public let records: Int
    public let body: [UInt8]

    public init(position: Position, records: Int, body: [UInt8]) {
      self.position = position
      self.records = records
      self.body = body
    }
  }

  /// Limits and habits of a log.
  public struct Options: Sendable {
    /// Bytes of batches one commit takes; bounds how long an urgent batch waits behind a commit under way.
    public var commitBytesMax: Int = 1 << 20
    /// Bytes of one batch.
    public var batchBytesMax: Int = 8 << 20
    /// Bytes that may wait, both lanes; beyond it a bulk append answers `.overloaded`. Urgent ones may use twice this.
    public var waitingBytesMax: Int = 256 << 20
    /// Bytes of records one trimming step removes: a step stands between two commits.
    public var trimStepBytes: Int = 1 << 20
    /// How long a bulk batch may wait for company, in microseconds, at most 1,000; urgent ones never wait.
    public var lingerMicroseconds: Int = 0
    /// The write-ahead log is written back to the file when it has grown by so many bytes. What is written back is
    /// synced beside the writer, whose own syncs take as long meanwhile: few bytes at a time keep an alarm's delay
    /// short, and cost no rate (docs/benchmarks.md).
    public var checkpointBytes: Int = 4 << 20
    /// The write-ahead log is filled with zeros to this size at opening, so that syncing it does not extend the file.
    public var preallocatedBytes: Int = 0
    /// Only for the test that shows what the lack of it costs.
    package var synchronous: Synchronous = .full

    public init() {}
  }

  /// SQLite's `synchronous`.
  package enum Synchronous: Int, Sendable {
    case normal = 1
    case full = 2
  }

  /// How the log does, for metrics and back-pressure.
  public struct Figures: Sendable {
    public var commits: Int64 = 0
    public var batches: Int64 = 0
    public var records: Int64 = 0
    public var bytes: Int64 = 0
    public var failedCommits: Int64 = 0
    public var checkpoints: Int64 = 0
    public var trimmedSegments: Int64 = 0
  }
}
