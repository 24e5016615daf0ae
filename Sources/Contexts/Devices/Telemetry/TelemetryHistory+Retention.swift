import DurableLog
package import Kernel
import SQLStore
import Synchronization

extension TelemetryHistory {
  /// Series one retention step looks at, and rows one statement of it drops.
  private static var seriesPerStep: Int { 256 }
  private static var rowsPerStep: Int { 2_000 }

  /// One small step of retention: drops whole chunks, and old rejected readings, raw messages and counts.
  ///
  /// - Returns: whether there is more to look at; call again soon.
  package func retainStep(now: Instant) async throws -> Bool {
    let place = retention.withLock { $0 }
    let (classes, options) = (state.withLock { $0.classes }, options)
    let series = classes.keys.filter { place == nil || $0.value > place ?? 0 }.sorted().prefix(Self.seriesPerStep)
    let next = try await store.write { sql -> Int64? in
      if place == nil { try Self.dropOldRows(sql, options, now: now) }
      for id in series {
        let days = classes[id].flatMap { options.retentionDays[$0] } ?? 1_095
        let before = now.microseconds - days * 86_400_000_000
        try sql.execute(
          "DELETE FROM telemetry_chunk WHERE series = \(id.value) AND start < \(before) AND finish < \(before)")
      }
      return series.count == Self.seriesPerStep ? series.last?.value : nil
    }
    retention.withLock { $0 = next }
    return next != nil
  }

  private static func dropOldRows(_ sql: SQLConnection, _ options: TelemetryOptions, now: Instant) throws {
    let rejectedBefore = now.microseconds - options.rejectedDays * 86_400_000_000
    try sql.execute(
      """
      DELETE FROM telemetry_rejected WHERE id IN (SELECT id FROM telemetry_rejected
        WHERE received_at < \(rejectedBefore) ORDER BY id LIMIT \(rowsPerStep))
      """)
    let rawBefore = now.microseconds - options.rawHours * 3_600_000_000
    try sql.execute(
      """
      DELETE FROM telemetry_raw WHERE (device, number) IN (SELECT device, number FROM telemetry_raw
        WHERE received_at < \(rawBefore) LIMIT \(rowsPerStep))
      """)
    let dayBefore = now.date(offsetMinutes: options.offsetMinutes).dayNumber - options.completenessDays
    try sql.execute(
      """
      DELETE FROM telemetry_day WHERE (device, day, boot) IN (SELECT device, day, boot FROM telemetry_day
        WHERE day < \(dayBefore) LIMIT \(rowsPerStep))
      """)
  }
}
