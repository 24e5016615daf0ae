import DurableLog
import Kernel
import TimeSeries

/// What some segments of the log say, decoded by the thing models and sorted by where it goes.
struct FoldSlice: Sendable {
  /// New samples of one series in the order of arrival.
  struct Samples: Sendable {
    let rule: PropertyRule
    var points: [(time: Int64, value: Int64)] = []
  }

  struct Rejected: Sendable {
    let property: String?
    let reason: String
    let given: String
    let deviceTime: Instant?
    let receivedAt: Instant
  }

  struct Raw: Sendable {
    let channel: String
    let receivedAt: Instant
    let bytes: Int
    let body: [UInt8]
  }

  struct DayKey: Hashable, Sendable {
    let day: Int64
    let boot: Int64
  }

  struct Day: Sendable {
    var first = Int64.max
    var last = Int64.min
    var received: Int64 = 0
    var duplicates: Int64 = 0
    var rejected: Int64 = 0
  }

  /// One device's part.
  struct Device: Sendable {
    let entry: DeviceDirectory.Entry?
    var sequences: SequenceState
    var series: [UInt16: Samples] = [:]
    var rejected: [Rejected] = []
    var rejectedCount: Int64 = 0
    var raw: [Raw] = []
    var days: [DayKey: Day] = [:]
  }

  var devices: [DeviceNumber: Device] = [:]
  var records = 0
  var bytes = 0
  let directory: DeviceDirectory.Snapshot
  let options: TelemetryOptions
  private let known: @Sendable (DeviceNumber) -> SequenceState

  /// - Parameter known: which numbers of a device were folded before.
  init(
    directory: DeviceDirectory.Snapshot, options: TelemetryOptions,
    known: @escaping @Sendable (DeviceNumber) -> SequenceState
  ) {
    self.directory = directory
    self.options = options
    self.known = known
  }

  /// Adds a segment's messages.
  mutating func add(_ segment: DurableLog.Segment, only device: DeviceNumber? = nil) {
    segment.body.withUnsafeBytes { bytes in
      for record in IntakeRecords(bytes) where device == nil || device == record.device {
        add(record, UnsafeRawBufferPointer(rebasing: bytes[record.payload]))
      }
    }
    bytes += segment.body.count
  }

  private mutating func add(_ record: IntakeRecord, _ payload: UnsafeRawBufferPointer) {
    records += 1
    var part =
      devices.removeValue(forKey: record.device)
      ?? Device(entry: directory[record.device], sequences: known(record.device))
    part.add(record, payload, options)
    devices[record.device] = part
  }
}

extension FoldSlice.Device {
  mutating func add(_ record: IntakeRecord, _ payload: UnsafeRawBufferPointer, _ options: TelemetryOptions) {
    guard let channel = record.channel else { return addRefused(record, payload, options) }
    keepRaw(channel.name, record.receivedAt, payload, options)
    guard let entry else { return }
    let sink = FoldSink(receivedAt: record.receivedAt, model: entry.model)
    var scan = EnvelopeScan(channel: channel, model: entry.model, sink: sink)
    // What the door accepted reads the same here; the model may have changed since, the bytes have not.
    do { try scan.read(payload) } catch { return }
    guard scan.envelope.fits(channel), let boot = scan.envelope.boot, let number = scan.envelope.sequence
    else { return }
    let isNew = sequences.insert(boot: boot, sequence: number)
    let said = (scan.envelope.time ?? scan.sink.lastTime).map { Instant(milliseconds: $0) }
    let at = said.flatMap { ClockWindow.admits($0, receivedAt: record.receivedAt) ? $0 : nil } ?? record.receivedAt
    let key = FoldSlice.DayKey(day: at.date(offsetMinutes: options.offsetMinutes).dayNumber, boot: boot)
    var day = days.removeValue(forKey: key) ?? FoldSlice.Day()
    day.count(number, isNew: isNew, rejected: isNew ? scan.sink.rejectedCount : 0)
    days[key] = day
    // The same message again: its samples are there, its rejections were counted.
    guard isNew else { return }
    for sample in scan.sink.samples {
      series[sample.rule.index, default: FoldSlice.Samples(rule: sample.rule)].points.append(
        (sample.time, sample.value))
    }
    rejectedCount += scan.sink.rejectedCount
    for rejected in scan.sink.rejected where self.rejected.count < options.rejectedPerSliceMax {
      self.rejected.append(rejected)
    }
  }

  private mutating func keepRaw(
    _ channel: String, _ receivedAt: Instant, _ payload: UnsafeRawBufferPointer, _ options: TelemetryOptions
  ) {
    if raw.count >= options.rawPerSliceMax * 2 { raw.removeFirst(options.rawPerSliceMax) }
    raw.append(
      FoldSlice.Raw(
        channel: channel, receivedAt: receivedAt, bytes: payload.count,
        body: [UInt8](payload.prefix(options.rawBytesMax))))
  }

  private mutating func addRefused(
    _ record: IntakeRecord, _ payload: UnsafeRawBufferPointer, _ options: TelemetryOptions
  ) {
    let refusal = payload.first.flatMap { Acceptance.Refusal(place: $0) } ?? .unreadable
    let given = UnsafeRawBufferPointer(rebasing: payload.dropFirst())
    keepRaw("refused", record.receivedAt, given, options)
    rejectedCount += 1
    guard rejected.count < options.rejectedPerSliceMax else { return }
    rejected.append(
      FoldSlice.Rejected(
        property: nil, reason: refusal.rawValue,
        given: String(String(decoding: given, as: UTF8.self).prefix(GivenValue.charactersMax)), deviceTime: nil,
        receivedAt: record.receivedAt))
  }
}

extension FoldSlice.Day {
  mutating func count(_ number: Int64, isNew: Bool, rejected: Int64) {
    guard isNew else {
      duplicates += 1
      return
    }
    received += 1
    self.rejected += rejected
    first = min(first, number)
    last = max(last, number)
  }
}

/// Gathers one message's samples for the history.
struct FoldSink: EnvelopeSink {
  struct Sample {
    let rule: PropertyRule
    var time: Int64
    let value: Int64
  }

  static var keepsRejections: Bool { true }
  var samples: [Sample] = []
  var rejected: [FoldSlice.Rejected] = []
  var rejectedCount: Int64 = 0
  /// Of the last point that had one, in milliseconds.
  var lastTime: Int64?
  let receivedAt: Instant
  private let model: CompiledModel
  private var start = 0

  init(receivedAt: Instant, model: CompiledModel) {
    self.receivedAt = receivedAt
    self.model = model
  }

  mutating func value(_ rule: PropertyRule, _ value: Int64) {
    samples.append(Sample(rule: rule, time: receivedAt.microseconds, value: value))
  }

  /// Texts have a last value but no history: they name things, they measure nothing.
  mutating func text(_ rule: PropertyRule, _ text: String) {}

  mutating func reject(_ reason: RejectionReason, property: String, given: String) {
    rejectedCount += 1
    // A message holds at most 250 keys; what is shown of one message is bounded besides.
    guard rejected.count < 250 else { return }
    rejected.append(
      FoldSlice.Rejected(
        property: property, reason: reason.rawValue, given: given, deviceTime: nil, receivedAt: receivedAt))
  }

  mutating func measured(at time: Int64?) {
    defer { start = samples.count }
    guard let time else { return }
    lastTime = time
    let instant = Instant(milliseconds: time)
    if ClockWindow.admits(instant, receivedAt: receivedAt) {
      for index in start..<samples.count { samples[index].time = instant.microseconds }
      return
    }
    // A clock that is years off: the reading is shown as the latest, but where in the history it belongs nobody knows.
    for sample in samples[start...] {
      rejectedCount += 1
      rejected.append(
        FoldSlice.Rejected(
          property: model.property(at: sample.rule.index)?.key, reason: RejectionReason.implausibleTime.rawValue,
          given: model.value(sample.value, of: sample.rule)?.description ?? "", deviceTime: instant,
          receivedAt: receivedAt))
    }
    samples.removeLast(samples.count - start)
  }
}
