import Kernel
import TimeSeries

extension FoldSlice {
  /// One device's part of a slice.
  struct Device: Sendable {
    let number: DeviceNumber
    let entry: DeviceDirectory.Entry?
    var sequences: SequenceState
    /// By the property's place in the model.
    private(set) var series: [Samples?] = []
    private(set) var rejected: [Rejected] = []
    private(set) var rejectedCount: Int64 = 0
    /// The last messages, a ring once it is full: they are copied out of the log only when the slice is written.
    private var recent: [Recent] = []
    private var oldest = 0
    /// What is counted now stands beside the other days: nearly every message is of the day of the one before.
    private var today: (key: DayKey, day: Day)?
    private var otherDays: [DayKey: Day] = [:]

    init(_ number: DeviceNumber, entry: DeviceDirectory.Entry?, sequences: SequenceState) {
      self.number = number
      self.entry = entry
      self.sequences = sequences
    }

    /// A message where it lies in its segment.
    private struct Recent: Sendable {
      let channel: UpChannel?
      let receivedAt: Instant
      let segment: [UInt8]
      let payload: Range<Int>
    }
  }
}

extension FoldSlice.Device {
  /// Adds a message.
  ///
  /// - Parameters:
  ///   - payload: `record.payload` of `segment`.
  ///   - room: empty before and after; keeps its capacity for the next message.
  mutating func add(
    _ record: IntakeRecord, _ payload: UnsafeRawBufferPointer, of segment: [UInt8], _ options: TelemetryOptions,
    _ room: inout [FoldSink.Sample]
  ) {
    guard let channel = record.channel else { return addRefused(record, payload, of: segment, options) }
    keep(Recent(channel: channel, receivedAt: record.receivedAt, segment: segment, payload: record.payload), options)
    guard let entry else { return }
    var taken: [FoldSink.Sample] = []
    swap(&taken, &room)
    var scan = EnvelopeScan(
      channel: channel, model: entry.model, sink: FoldSink(taken, receivedAt: record.receivedAt, model: entry.model))
    taken = []
    defer {
      swap(&room, &scan.sink.samples)
      room.removeAll(keepingCapacity: true)
    }
    // What the door accepted reads the same here; the model may have changed since, the bytes have not.
    do { try scan.read(payload) } catch { return }
    guard scan.envelope.fits(channel), let boot = scan.envelope.boot, let number = scan.envelope.sequence
    else { return }
    let isNew = sequences.insert(boot: boot, sequence: number)
    let said = (scan.envelope.time ?? scan.sink.lastTime).map { Instant(milliseconds: $0) }
    let at = said.flatMap { ClockWindow.admits($0, receivedAt: record.receivedAt) ? $0 : nil } ?? record.receivedAt
    let key = FoldSlice.DayKey(day: at.date(offsetMinutes: options.offsetMinutes).dayNumber, boot: boot)
    count(key, number, isNew: isNew, rejected: isNew ? scan.sink.rejectedCount : 0)
    // The same message again: its samples are there, its rejections were counted.
    guard isNew else { return }
    for sample in scan.sink.samples { add(sample) }
    rejectedCount += scan.sink.rejectedCount
    for rejected in scan.sink.rejected where self.rejected.count < options.rejectedPerSliceMax {
      self.rejected.append(rejected)
    }
  }

  private mutating func add(_ sample: FoldSink.Sample) {
    let place = Int(sample.rule.index)
    while series.count <= place { series.append(nil) }
    if series[place] == nil { series[place] = FoldSlice.Samples(rule: sample.rule) }
    series[place]?.points.append((sample.time, sample.value))
  }

  private mutating func count(_ key: FoldSlice.DayKey, _ number: Int64, isNew: Bool, rejected: Int64) {
    if today?.key != key {
      if let today { otherDays[today.key] = today.day }
      today = (key, otherDays.removeValue(forKey: key) ?? FoldSlice.Day())
    }
    today?.day.count(number, isNew: isNew, rejected: rejected)
  }

  private mutating func keep(_ message: Recent, _ options: TelemetryOptions) {
    let countMax = max(1, options.rawPerSliceMax)
    guard recent.count >= countMax else { return recent.append(message) }
    recent[oldest] = message
    oldest = (oldest + 1) % countMax
  }

  private mutating func addRefused(
    _ record: IntakeRecord, _ payload: UnsafeRawBufferPointer, of segment: [UInt8], _ options: TelemetryOptions
  ) {
    let refusal = payload.first.flatMap { Acceptance.Refusal(place: $0) } ?? .unreadable
    let given = UnsafeRawBufferPointer(rebasing: payload.dropFirst())
    let rest = record.payload.dropFirst()  // behind the refusal's place
    keep(Recent(channel: nil, receivedAt: record.receivedAt, segment: segment, payload: rest), options)
    rejectedCount += 1
    guard rejected.count < options.rejectedPerSliceMax else { return }
    rejected.append(
      FoldSlice.Rejected(
        property: nil, reason: refusal.rawValue,
        given: String(String(decoding: given, as: UTF8.self).prefix(GivenValue.charactersMax)), deviceTime: nil,
        receivedAt: record.receivedAt))
  }

  // MARK: Reading

  /// The last messages, oldest first: at most `TelemetryOptions.rawPerSliceMax`.
  func raw(_ options: TelemetryOptions) -> [FoldSlice.Raw] {
    (recent[oldest...] + recent[..<oldest]).map { message in
      FoldSlice.Raw(
        channel: message.channel?.name ?? "refused", receivedAt: message.receivedAt, bytes: message.payload.count,
        body: [UInt8](message.segment[message.payload].prefix(options.rawBytesMax)))
    }
  }

  /// What was counted, by day and start of the device.
  var days: [FoldSlice.DayKey: FoldSlice.Day] {
    var days = otherDays
    if let today { days[today.key] = today.day }
    return days
  }

  /// New samples of the property at a place in the model.
  func samples(of property: UInt16) -> FoldSlice.Samples? {
    Int(property) < series.count ? series[Int(property)] : nil
  }
}
