import DurableLog
import Kernel
import SQLStore
import Synchronization

extension TelemetryHistory {
  /// What one folding did.
  package struct Folded: Sendable, Hashable {
    package var records = 0
    package var bytes = 0
    /// More is waiting.
    package var isMore = false
  }

  /// What a folding's transaction leaves to be known when it is committed.
  private struct Outcome: Sendable {
    var folded = Folded()
    var state: State
  }

  /// Folds one slice of the log: decodes it, merges it into the chunks, and moves the watermark, all in one transaction
  /// of `history.db`. Then, and only then, the log may drop the slice. A crash between the two repeats nothing that
  /// counts: the watermark tells what was folded.
  ///
  /// One call at a time: the folder's.
  package func fold() async throws -> Folded {
    let before = state.withLock { $0 }
    let outcome = try await store.write { [self] sql in
      try foldSlice(sql, before)
    }
    state.withLock { $0 = outcome.state }
    for lane in DurableLog.Lane.allCases { trims.folded(lane, through: outcome.state.folded[lane.rawValue]) }
    return outcome.folded
  }

  private func foldSlice(_ sql: SQLConnection, _ before: State) throws -> Outcome {
    var outcome = Outcome(state: before)
    let sequences = before.sequences
    var slice = FoldSlice(directory: directory.snapshot(), options: options) { sequences[$0] ?? SequenceState() }
    for lane in DurableLog.Lane.allCases {
      while slice.bytes < options.sliceBytesMax {
        let position = outcome.state.folded[lane.rawValue]
        let bytesMax = min(1 << 20, options.sliceBytesMax - slice.bytes)
        guard let segments = try readSegments(lane, after: position, bytesMax: bytesMax) else { break }
        for segment in segments.found { slice.add(segment) }
        outcome.state.folded[lane.rawValue] = segments.end
      }
    }
    guard outcome.state.folded != before.folded else { return outcome }
    outcome.state.slices += 1
    outcome.state.foldedRecords += Int64(slice.records)
    for device in slice.devices.sorted(by: { $0.number < $1.number }) {
      try write(device.number, device, sql, &outcome.state)
    }
    for lane in DurableLog.Lane.allCases {
      let position = outcome.state.folded[lane.rawValue].value
      try sql.execute("UPDATE telemetry_watermark SET position = \(position) WHERE lane = \(lane.rawValue)")
    }
    outcome.folded = Folded(
      records: slice.records, bytes: slice.bytes, isMore: slice.bytes >= options.sliceBytesMax)
    return outcome
  }

  private func write(
    _ number: DeviceNumber, _ device: FoldSlice.Device, _ sql: SQLConnection, _ state: inout State
  ) throws {
    try writeRaw(number, device, sql, &state)
    guard let entry = device.entry else { return }
    let metrics = try state.metrics.ensure(entry.model, sql)
    let chunks = ChunkStore(sql, options)
    for samples in device.series.compactMap({ $0 }) {
      guard let metric = metrics[Int(samples.rule.index)] else { continue }
      let series = SeriesID(device: number, metric: metric)
      if state.classes[series] != samples.rule.dataClass {
        try sql.execute(
          """
          INSERT INTO telemetry_series (series, data_class) VALUES (\(series.value), \(samples.rule.dataClass.rawValue))
          ON CONFLICT (series) DO UPDATE SET data_class = excluded.data_class
          """)
        state.classes[series] = samples.rule.dataClass
      }
      try chunks.add(samples.points, scale: samples.rule.scale, to: series)
    }
    try writeRejected(entry, device, sql)
    try writeDays(number, device, sql)
    state.sequences[number] = device.sequences
    // Memory may be ahead of this slice; what it holds is durable in the log, so that storing it early does no harm.
    let latest = latest.device(number)?.moved(to: entry.model) ?? LatestValues.Device(entry.model)
    try sql.execute(
      """
      INSERT INTO telemetry_device (device, latest, sequences)
      VALUES (\(number.value), \(latest.bytes(metrics: metrics)), \(device.sequences.bytes))
      ON CONFLICT (device) DO UPDATE SET latest = excluded.latest, sequences = excluded.sequences
      """)
  }

  private func writeRaw(
    _ number: DeviceNumber, _ device: FoldSlice.Device, _ sql: SQLConnection, _ state: inout State
  ) throws {
    for raw in device.raw(options) {
      state.rawNumber += 1
      try sql.execute(
        """
        INSERT INTO telemetry_raw (device, number, channel, received_at, bytes, body) VALUES
          (\(number.value), \(state.rawNumber), \(raw.channel), \(raw.receivedAt), \(raw.bytes), \(raw.body))
        """)
    }
    // Each device now and then: the bound may be passed by what a few slices bring.
    guard (state.slices + Int(number.value)) % 8 == 0 else { return }
    try sql.execute(
      """
      DELETE FROM telemetry_raw WHERE device = \(number.value) AND number <=
        (SELECT number FROM telemetry_raw WHERE device = \(number.value) ORDER BY number DESC
         LIMIT 1 OFFSET \(options.rawMax))
      """)
  }

  private func writeRejected(
    _ entry: DeviceDirectory.Entry, _ device: FoldSlice.Device, _ sql: SQLConnection
  ) throws {
    guard !device.rejected.isEmpty else { return }
    for rejected in device.rejected {
      try sql.execute(
        """
        INSERT INTO telemetry_rejected (organisation, device, property, reason, given, device_time, received_at)
        VALUES (\(entry.organisation), \(entry.number.value), \(rejected.property), \(rejected.reason),
                \(rejected.given), \(rejected.deviceTime), \(rejected.receivedAt))
        """)
    }
    try sql.execute(
      """
      DELETE FROM telemetry_rejected WHERE device = \(entry.number.value) AND id <=
        (SELECT id FROM telemetry_rejected WHERE device = \(entry.number.value) ORDER BY id DESC
         LIMIT 1 OFFSET \(options.rejectedMax))
      """)
  }

  private func writeDays(_ number: DeviceNumber, _ device: FoldSlice.Device, _ sql: SQLConnection) throws {
    for (key, day) in device.days {
      // A day with nothing but duplicates has no first and last of its own; the greatest and least change nothing.
      try sql.execute(
        """
        INSERT INTO telemetry_day (device, day, boot, first, last, received, duplicates, rejected)
        VALUES (\(number.value), \(key.day), \(key.boot), \(day.first), \(day.last), \(day.received),
                \(day.duplicates), \(day.rejected))
        ON CONFLICT (device, day, boot) DO UPDATE SET first = min(first, excluded.first),
          last = max(last, excluded.last), received = received + excluded.received,
          duplicates = duplicates + excluded.duplicates, rejected = rejected + excluded.rejected
        """)
    }
  }
}
