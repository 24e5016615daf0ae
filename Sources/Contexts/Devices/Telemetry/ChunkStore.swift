import SQLStore
import TimeSeries

/// The chunks of `history.db` within one transaction: writes merge, reads walk.
struct ChunkStore {
  let sql: SQLConnection
  let samplesMax: Int
  let periodMicroseconds: Int64

  init(_ sql: SQLConnection, _ options: TelemetryOptions) {
    self.sql = sql
    samplesMax = min(max(options.chunkSamplesMax, 2), Chunk.samplesMax / 2)
    periodMicroseconds = max(1, options.chunkDays) * 86_400_000_000
  }

  /// Puts samples where they belong: mostly behind the last chunk, now and then, when they come late, into older ones.
  ///
  /// - Parameter points: in the order of arrival; of two of one moment the later one stands.
  func add(_ points: [(time: Int64, value: Int64)], scale: UInt8, to series: SeriesID) throws {
    guard let earliest = points.map(\.time).min() else { return }
    let last = try sql.row(
      "SELECT start, body FROM telemetry_chunk WHERE series = \(series.value) ORDER BY start DESC LIMIT 1")
    guard let last else { return try write(new(scale), points, replacing: nil, series) }
    let start = try last.integer(0)
    if earliest >= start {
      let old = try decode(try last.blob(1))
      // A full chunk is not read and written again for what comes behind it.
      if old.count >= samplesMax, let end = old.times.last, earliest > end {
        return try write(new(scale), points, replacing: nil, series)
      }
      return try write(old, points, scale: scale, replacing: start, series)
    }
    try addLate(points.sorted { $0.time < $1.time }, scale: scale, to: series)
  }

  private func new(_ scale: UInt8) -> Chunk.Samples { Chunk.Samples(times: [], values: [], scale: scale) }

  /// Divides sorted points by the chunks that they fall into. (Sorting is stable, so arrival still decides a moment.)
  private func addLate(_ points: [(time: Int64, value: Int64)], scale: UInt8, to series: SeriesID) throws {
    var rest = points[...]
    while let first = rest.first {
      let row = try sql.row(
        """
        SELECT start, body FROM telemetry_chunk WHERE series = \(series.value) AND start <= \(first.time)
        ORDER BY start DESC LIMIT 1
        """)
      let following = try sql.row(
        "SELECT min(start) FROM telemetry_chunk WHERE series = \(series.value) AND start > \(first.time)")
      let end = try following?.optionalInteger(0) ?? Int64.max
      let part = Array(rest.prefix { $0.time < end || end == .max })
      rest = rest.dropFirst(part.count)
      if let row {
        try write(try decode(try row.blob(1)), part, scale: scale, replacing: try row.integer(0), series)
      } else {
        try write(new(scale), part, replacing: nil, series)
      }
    }
  }

  private func write(
    _ old: Chunk.Samples, _ points: [(time: Int64, value: Int64)], scale: UInt8, replacing start: Int64?,
    _ series: SeriesID
  ) throws {
    if old.scale == scale { return try write(old, points, replacing: start, series) }
    if old.scale < scale, let finer = old.rescaled(to: scale) {
      return try write(finer, points, replacing: start, series)
    }
    // The model's next version has fewer decimals, or the old values can not be made finer: the new ones adapt.
    var factor: Int64 = 1
    for _ in 0..<max(0, Int(old.scale) - Int(scale)) { factor *= 10 }
    let adapted = points.compactMap { point -> (time: Int64, value: Int64)? in
      let (value, overflow) = point.value.multipliedReportingOverflow(by: factor)
      return overflow ? nil : (point.time, value)
    }
    try write(old, adapted, replacing: start, series)
  }

  private func write(
    _ old: Chunk.Samples, _ points: [(time: Int64, value: Int64)], replacing start: Int64?, _ series: SeriesID
  ) throws {
    let merged = Chunk.merge(old, points)
    var written: Set<Int64> = []
    let newest = points.map(\.time).max() ?? .min
    for range in divided(merged, isLate: old.times.last.map { $0 > newest } ?? false) {
      let part = range.count == merged.count ? merged : merged[range]
      guard let first = part.times.first, let last = part.times.last else { continue }
      written.insert(first)
      try sql.execute(
        """
        INSERT INTO telemetry_chunk (series, start, finish, samples, body)
        VALUES (\(series.value), \(first), \(last), \(part.count), \(Chunk.encode(part)))
        ON CONFLICT (series, start) DO UPDATE SET finish = excluded.finish, samples = excluded.samples,
          body = excluded.body
        """)
    }
    if let start, !written.contains(start), !merged.times.isEmpty {
      try sql.execute("DELETE FROM telemetry_chunk WHERE series = \(series.value) AND start = \(start)")
    }
  }

  /// Runs of at most `samplesMax` samples, none across the end of a period.
  ///
  /// - Parameter isLate: the samples came into the middle of a chunk; it may grow to twice the size before it is
  ///   halved, so that late ones do not leave crumbs.
  private func divided(_ samples: Chunk.Samples, isLate: Bool) -> [Range<Int>] {
    var ranges: [Range<Int>] = []
    var start = 0
    let countMax = isLate && samples.count <= samplesMax * 2 ? samplesMax * 2 : samplesMax
    for index in samples.times.indices {
      let isFull = index - start >= countMax
      let isNextPeriod =
        index > start && period(samples.times[index]) != period(samples.times[index - 1])
      if isFull || isNextPeriod {
        ranges.append(start..<index)
        start = index
      }
    }
    if start < samples.count { ranges.append(start..<samples.count) }
    return ranges
  }

  private func period(_ time: Int64) -> Int64 {
    time >= 0 ? time / periodMicroseconds : (time + 1) / periodMicroseconds - 1
  }

  private func decode(_ body: [UInt8]) throws -> Chunk.Samples {
    var samples = Chunk.Samples()
    try body.withUnsafeBytes { try Chunk.decode($0, into: &samples) }
    return samples
  }

  /// Gives the chunks that touch a range, oldest first, until the body answers false.
  func each(
    _ series: SeriesID, from: Int64, to: Int64, _ body: (Chunk.Samples) -> Bool
  ) throws {
    let before = try sql.row(
      """
      SELECT start FROM telemetry_chunk WHERE series = \(series.value) AND start <= \(from)
      ORDER BY start DESC LIMIT 1
      """)
    let first = try before?.integer(0) ?? from
    struct Stop: Error {}
    do {
      try sql.each(
        """
        SELECT body FROM telemetry_chunk WHERE series = \(series.value) AND start >= \(first) AND start < \(to)
        ORDER BY start
        """
      ) { row in
        if !body(try decode(try row.blob(0))) { throw Stop() }
      }
    } catch is Stop {}
  }
}
