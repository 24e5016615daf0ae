import DurableLog
package import Kernel
import SQLStore
import Synchronization
import TimeSeries

/// Why a read of the history is refused.
package enum TelemetryError: Error, Hashable, Sendable {
  /// The cursor is not one that this history gave.
  case cursor
  /// The range is empty, or has more buckets than `HistoryQuery` allows.
  case range
  /// The folder moved on four times while this read; try again.
  case busy
}

extension TelemetryHistory: TelemetryArchive {
  package func latest(_ device: DeviceNumber) async throws -> [LatestValue] {
    directory[device].map { latest.values($0) } ?? []
  }

  package func latest(_ devices: [DeviceNumber]) async throws -> [DeviceNumber: [LatestValue]] {
    let snapshot = directory.snapshot()
    var result: [DeviceNumber: [LatestValue]] = [:]
    result.reserveCapacity(devices.count)
    for device in devices {
      if let entry = snapshot[device] { result[device] = latest.values(entry) }
    }
    return result
  }

  package func missing(_ device: DeviceNumber, limit: Int) async throws -> [SequenceRange] {
    Array(gaps(of: device).prefix(max(0, limit)))
  }

  package func history(_ device: DeviceNumber, _ query: HistoryQuery) async throws -> History {
    guard query.from < query.to else { throw TelemetryError.range }
    let entry = directory[device]
    let rule = entry?.model.property(named: query.property)
    var from = query.from.microseconds
    if let cursor = query.cursor {
      guard let last = Int64(cursor), last >= from, last < query.to.microseconds else { throw TelemetryError.cursor }
      from = last + 1
    }
    let length = try Self.bucketLength(query)
    let scale = Int(rule?.scale ?? 0)
    let shown: @Sendable (Int64) -> PropertyValue = { value in
      rule.flatMap { entry?.model.value(value, of: $0) }
        ?? (scale == 0 ? .integer(value) : .decimal(mantissa: value, scale: scale))
    }
    return try await joined(device, property: rule?.index) { [options, from] sql, tail in
      // From the same moment as the chunks: a name that was folded for the first time meanwhile has its number there.
      let metric = try sql.row("SELECT id FROM telemetry_metric WHERE name = \(query.property)")?.integer(0)
      let reading = SeriesReading(
        series: metric.map { SeriesID(device: device, metric: UInt16(truncatingIfNeeded: $0)) }, from: from,
        to: query.to.microseconds, scale: UInt8(scale), options: options)
      if let length { return .buckets(try Self.buckets(sql, reading, tail, length, shown)) }
      return try Self.samples(sql, reading, tail, query.limit, shown)
    }
  }

  private static func bucketLength(_ query: HistoryQuery) throws -> Int64? {
    guard let seconds = query.bucketSeconds else { return nil }
    guard (1...31_622_400).contains(seconds) else { throw TelemetryError.range }
    let length = Int64(seconds) * 1_000_000
    guard query.to.microseconds(since: query.from) / length < 5_000 else { throw TelemetryError.range }
    return length
  }

  private static func samples(
    _ sql: SQLConnection, _ reading: SeriesReading, _ tail: [(time: Int64, value: Int64)], _ limit: Int,
    _ shown: (Int64) -> PropertyValue
  ) throws -> History {
    var samples: [History.Sample] = []
    var isMore = false
    try reading.each(sql, tail: tail) { time, value in
      if samples.count == limit {
        isMore = true
        return false
      }
      samples.append(History.Sample(at: Instant(microseconds: time), value: shown(value)))
      return true
    }
    return .samples(samples, next: isMore ? samples.last.map { String($0.at.microseconds) } : nil)
  }

  private static func buckets(
    _ sql: SQLConnection, _ reading: SeriesReading, _ tail: [(time: Int64, value: Int64)], _ length: Int64,
    _ shown: (Int64) -> PropertyValue
  ) throws -> [History.Bucket] {
    var builder = BucketBuilder(from: reading.from, lengthMicroseconds: length)
    try reading.each(sql, tail: tail) { time, value in
      builder.add(time, value)
      return true
    }
    let scale = Int(reading.scale)
    let meanScale = min(scale + 2, 9)
    let factor: Int128 = meanScale - scale == 2 ? 100 : meanScale - scale == 1 ? 10 : 1
    return builder.buckets.map { bucket in
      let mean = Rounding.divide(bucket.sum * factor, by: Int128(bucket.count))
      return History.Bucket(
        start: Instant(microseconds: reading.from + bucket.index * length), count: Int(bucket.count),
        minimum: shown(bucket.minimum), maximum: shown(bucket.maximum),
        mean: .decimal(mantissa: Int64(clamping: mean), scale: meanScale), last: shown(bucket.last))
    }
  }

  /// Reads chunks of one moment together with the tail from exactly there: nothing twice, nothing left out.
  private func joined<T: Sendable>(
    _ device: DeviceNumber, property: UInt16?,
    _ body: @escaping @Sendable (SQLConnection, [(time: Int64, value: Int64)]) throws -> T
  ) async throws -> T {
    for _ in 0..<4 {
      let result = try await store.read { [self] sql -> T? in
        guard let tail = try tail(of: device, after: Self.watermarks(sql)) else { return nil }
        return try body(sql, property.flatMap { tail.samples(of: $0)?.points } ?? [])
      }
      if let result { return result }
    }
    throw TelemetryError.busy
  }

  private static func watermarks(_ sql: SQLConnection) throws -> [DurableLog.Position] {
    var positions = [DurableLog.Position.start, .start]
    for row in try sql.rows("SELECT lane, position FROM telemetry_watermark") {
      positions[try row.int(0)] = DurableLog.Position(try row.integer(1))
    }
    return positions
  }

  /// One device's messages that were not folded when these were the watermarks; nil when the log has dropped some of
  /// them since.
  private func tail(of device: DeviceNumber, after: [DurableLog.Position]) throws -> FoldSlice.Device? {
    let known = state.withLock { $0.sequences[device] } ?? SequenceState()
    // The memory may know of a folding later than this snapshot's; then every message would count as a duplicate.
    let isCurrent = state.withLock { $0.folded == after }
    var slice = FoldSlice(directory: directory.snapshot(), options: options) { _ in
      isCurrent ? known : SequenceState()
    }
    for lane in DurableLog.Lane.allCases {
      var position = after[lane.rawValue]
      let end = log.committed(lane)
      while position < end, let segments = try readSegments(lane, after: position, bytesMax: 4 << 20) {
        if let first = segments.found.first, first.position.value != position.value + 1 { return nil }
        for segment in segments.found { slice.add(segment, only: device) }
        position = segments.end
      }
      if position < end { return nil }
    }
    return slice[device] ?? FoldSlice.Device(device, entry: directory[device], sequences: known)
  }
}

extension TelemetryHistory {
  package func rawMessages(_ device: DeviceNumber, _ page: PageRequest) async throws -> Page<RawMessage> {
    var before = Int64.max
    var skip = 0
    if let cursor = page.cursor {
      let parts = cursor.split(separator: ":").compactMap { Int64($0) }
      guard parts.count == 2, parts[1] >= 0, parts[1] <= 100_000 else { throw TelemetryError.cursor }
      (before, skip) = (parts[0], Int(parts[1]))
    }
    for _ in 0..<4 {
      let found = try await store.read { [self, before, skip] sql -> [FoldSlice.Raw]? in
        guard let tail = try tail(of: device, after: Self.watermarks(sql)) else { return nil }
        let stored = try Self.storedRaw(sql, device, through: before, limit: page.limit + skip + 1)
        // Both lanes of the tail, each in its order of arrival: newest first by time of receipt.
        let fresh = tail.raw(options).filter { $0.receivedAt.microseconds <= before }
        let sorted = fresh.enumerated().sorted {
          ($0.element.receivedAt, $0.offset) > ($1.element.receivedAt, $1.offset)
        }
        return sorted.map(\.element) + stored
      }
      if let found { return Self.page(found, before: before, skip: skip, limit: page.limit) }
    }
    throw TelemetryError.busy
  }

  /// - Parameters:
  ///   - before: the time of the last message of the page before, whose first `skip` messages were given.
  private static func page(
    _ found: [FoldSlice.Raw], before: Int64, skip: Int, limit: Int
  ) -> Page<RawMessage> {
    let ordered = found.sorted { $0.receivedAt > $1.receivedAt }.dropFirst(skip)
    let items = Array(ordered.prefix(limit))
    var next: String?
    if ordered.count > limit, let last = items.last {
      let same = items.reversed().prefix { $0.receivedAt == last.receivedAt }.count
      let again = last.receivedAt.microseconds == before ? skip : 0
      next = "\(last.receivedAt.microseconds):\(same + again)"
    }
    return Page(items: items.map(\.shown), next: next)
  }

  private static func storedRaw(
    _ sql: SQLConnection, _ device: DeviceNumber, through: Int64, limit: Int
  ) throws -> [FoldSlice.Raw] {
    try sql.rows(
      """
      SELECT channel, received_at, bytes, body FROM telemetry_raw
      WHERE device = \(device.value) AND received_at <= \(through) ORDER BY number DESC LIMIT \(limit)
      """
    ).map { row in
      FoldSlice.Raw(
        channel: try row.text(0), receivedAt: Instant(microseconds: try row.integer(1)), bytes: try row.int(2),
        body: try row.blob(3))
    }
  }

  package func rejectedReadings(
    _ devices: [DeviceNumber]?, organisation: ID<Organisation>, _ page: PageRequest
  ) async throws -> Page<RejectedReading> {
    isWatched.withLock { $0 = true }
    var before = Int64.max
    if let cursor = page.cursor {
      guard let id = Int64(cursor) else { throw TelemetryError.cursor }
      before = id
    }
    var sql: SQL = """
      SELECT id, device, property, reason, given, device_time, received_at FROM telemetry_rejected
      WHERE organisation = \(organisation) AND id < \(before)
      """
    if let devices { sql += " AND device IN \(list: devices.map(\.value))" }
    sql += " ORDER BY id DESC LIMIT \(page.limit + 1)"
    let readings = try await store.read { [sql] connection in
      try connection.rows(sql).map { row in
        RejectedReading(
          id: try row.integer(0), device: DeviceNumber(UInt32(truncatingIfNeeded: try row.integer(1))),
          property: try row.optionalText(2), reason: try row.text(3), given: try row.text(4),
          deviceTime: try row.optionalInteger(5).map { Instant(microseconds: $0) },
          receivedAt: Instant(microseconds: try row.integer(6)))
      }
    }
    let items = Array(readings.prefix(page.limit))
    return Page(items: items, next: readings.count > page.limit ? items.last.map { String($0.id) } : nil)
  }

  package func completeness(
    _ device: DeviceNumber, from: LocalDate, through: LocalDate, offsetMinutes: Int
  ) async throws -> [DayCompleteness] {
    // Days are counted as messages are folded, in the zone of the options.
    guard offsetMinutes == options.offsetMinutes else { throw TelemetryError.range }
    isWatched.withLock { $0 = true }
    let rows = try await store.read { sql in
      try sql.rows(
        """
        SELECT day, first, last, received, duplicates, rejected FROM telemetry_day
        WHERE device = \(device.value) AND day >= \(from.dayNumber) AND day <= \(through.dayNumber) ORDER BY day, boot
        """)
    }
    var days: [DayCompleteness] = []
    for row in rows {
      let day = LocalDate(dayNumber: try row.integer(0))
      let (first, last, received) = (try row.integer(1), try row.integer(2), try row.integer(3))
      let missing = received == 0 ? 0 : max(0, last &- first &+ 1 &- received)
      let old = days.last?.day == day ? days.removeLast() : nil
      days.append(
        DayCompleteness(
          day: day, received: received + (old?.received ?? 0), missing: missing + (old?.missing ?? 0),
          duplicates: try row.integer(4) + (old?.duplicates ?? 0),
          rejected: try row.integer(5) + (old?.rejected ?? 0)))
    }
    return days
  }
}
