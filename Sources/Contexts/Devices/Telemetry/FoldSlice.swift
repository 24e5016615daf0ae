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

  /// Each device's part, in the order of their first messages.
  private(set) var devices: [Device] = []
  /// Where in `devices` each device is.
  private var places: [DeviceNumber: Int] = [:]
  private var lastPlace: Int?
  /// Room for one message's samples, used again by the next.
  private var room: [FoldSink.Sample] = []
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
    let body = segment.body
    body.withUnsafeBytes { bytes in
      for record in IntakeRecords(bytes) where device == nil || device == record.device {
        records += 1
        let payload = UnsafeRawBufferPointer(rebasing: bytes[record.payload])
        // Changed where it lies: one look-up a message, none for a device that just spoke.
        devices[place(of: record.device)].add(record, payload, of: body, options, &room)
      }
    }
    bytes += body.count
  }

  private mutating func place(of device: DeviceNumber) -> Int {
    if let lastPlace, devices[lastPlace].number == device { return lastPlace }
    let place: Int
    if let known = places[device] {
      place = known
    } else {
      place = devices.count
      devices.append(Device(device, entry: directory[device], sequences: known(device)))
      places[device] = place
    }
    lastPlace = place
    return place
  }

  /// One device's part; nil when there is nothing of it.
  subscript(device: DeviceNumber) -> Device? { places[device].map { devices[$0] } }
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
  var samples: [Sample]
  var rejected: [FoldSlice.Rejected] = []
  var rejectedCount: Int64 = 0
  /// Of the last point that had one, in milliseconds.
  var lastTime: Int64?
  let receivedAt: Instant
  private let model: CompiledModel
  private var start = 0

  /// - Parameter room: empty; where the samples go.
  init(_ room: consuming [Sample], receivedAt: Instant, model: CompiledModel) {
    samples = room
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
