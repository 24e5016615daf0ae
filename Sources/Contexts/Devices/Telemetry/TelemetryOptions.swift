/// Habits and limits of folding, history and retention.
package struct TelemetryOptions: Sendable, Hashable {
  /// Bytes of the log one folding takes: one transaction of `history.db`.
  package var sliceBytesMax: Int = 16 << 20
  /// Unfolded bytes from which folding begins at once.
  package var foldBytes: Int64 = 16 << 20
  /// The longest a message waits to be folded, in seconds. A longer wait rewrites fewer chunks a sample. What somebody
  /// looks for that only folding finds (rejected readings, completeness) is folded after `foldSecondsMin`.
  package var foldSecondsMax: Int64 = 120
  /// So few unfolded messages are folded every `foldSecondsMin`, since it costs nothing.
  package var foldSoonRecordsMax: Int64 = 500
  package var foldSecondsMin: Int64 = 2
  /// While more bytes than this wait to be acknowledged, folding stands back…
  package var yieldWaitingBytes: Int = 8 << 20
  /// …until so many bytes are unfolded.
  package var yieldBytesMax: Int64 = 512 << 20
  /// Samples of one chunk at most, up to 4,096.
  package var chunkSamplesMax: Int = 240
  /// A chunk ends with its period, so that it can be dropped whole: at most so much more is kept than was asked for.
  package var chunkDays: Int64 = 28
  /// How long samples are kept, in days, by class.
  package var retentionDays: [DataClass: Int64] = [.diagnostic: 30, .state: 90, .safety: 1_095, .metering: 1_095]
  /// Rejected readings: at most so many a device, and so long.
  package var rejectedMax: Int = 1_000
  package var rejectedDays: Int64 = 90
  /// Of one device and one slice; what is beyond is counted only.
  package var rejectedPerSliceMax: Int = 100
  /// Raw messages: at most so many a device, and so long.
  package var rawMax: Int = 200
  package var rawHours: Int64 = 72
  package var rawPerSliceMax: Int = 32
  /// Of one message.
  package var rawBytesMax: Int = 8_192
  /// How long daily counts of messages are kept.
  package var completenessDays: Int64 = 400
  /// East of UTC: which day a message belongs to.
  package var offsetMinutes: Int = 480

  package init() {}
}
