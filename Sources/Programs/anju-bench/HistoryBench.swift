import Devices
import DurableLog
import Foundation
import Kernel
import Logging
import SQLStore

/// Fills an intake and a history as a gateway would, and measures at some sizes.
final class HistoryBench {
  private let folder: String
  private let devices: UInt32
  private let log: DurableLog
  private let directory = DeviceDirectory()
  private let intake: TelemetryIntake
  private let history: TelemetryHistory
  private let store: SQLStore
  private var samples = 0
  private var minute: Int64 = 0
  private var random = Noise(state: 1)
  private static let start: Int64 = 1_764_000_000_000
  private static let metrics = 4
  /// Samples whose intake and folding are timed before each measurement.
  private static let window = 1_000_000

  init(folder: String, devices: UInt32) async throws {
    self.folder = folder
    self.devices = devices
    let logger = Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() }
    var options = DurableLog.Options()
    options.preallocatedBytes = 64 << 20
    log = try DurableLog.open(path: folder + "/log.db", options: options, logger: logger)
    directory.put(BenchModel.entries(devices))
    let latest = LatestValues()
    intake = TelemetryIntake(log: log, directory: directory, latest: latest)
    store = try TelemetryHistory.store(path: folder + "/history.db")
    history = try await TelemetryHistory.open(
      store: store, log: log, directory: directory, latest: latest, logger: logger, trims: LogTrims(log: log))
  }

  func close() async {
    log.close()
    await store.close()
  }

  /// Adds samples up to a number and measures.
  func grow(to count: Int) async throws -> Figures {
    var timed = Times()
    while samples < count {
      let isTimed = count - samples <= Self.window
      let times = try await step()
      if isTimed { timed.add(times) }
    }
    while try await history.fold().isMore {}
    var figures = Figures(samples: samples)
    figures.intakeRate = Double(timed.samples) / timed.intake
    figures.acceptMicroseconds = timed.accept / Double(timed.samples / Self.metrics) * 1e6
    figures.foldRate = Double(timed.samples) / timed.fold
    figures.bytesPerSample = Double(try await chunkBytes()) / Double(samples)
    figures.fileBytes = try historyBytes()
    figures.dayMicroseconds = try await dayMicroseconds()
    figures.hasDay = minute >= 1_440
    figures.latestMilliseconds = try await latestMilliseconds()
    return figures
  }

  private struct Times {
    var samples = 0
    var accept = 0.0
    var intake = 0.0
    var fold = 0.0

    mutating func add(_ other: Times) {
      samples += other.samples
      accept += other.accept
      intake += other.intake
      fold += other.fold
    }
  }

  /// Twelve minutes of all devices, about what the folder takes at once when it is busy; then it is folded.
  private func step() async throws -> Times {
    var times = Times()
    for _ in 0..<12 {
      let payloads = minutePayloads()
      let clock = ContinuousClock()
      let begin = clock.now
      times.accept += try await send(payloads)
      times.intake += (clock.now - begin) / .seconds(1)
      times.samples += payloads.count * Self.metrics
      minute += 1
    }
    samples += times.samples
    let begin = ContinuousClock.now
    while try await history.fold().isMore {}
    times.fold = (ContinuousClock.now - begin) / .seconds(1)
    return times
  }

  private func minutePayloads() -> [[UInt8]] {
    let time = Self.start + minute * 60_000
    return (1...devices).map { device in
      let energy = 1_000_000 + Int64(device) + minute * 12 + Int64(random.next() % 5)
      let voltage = 2_300 + Int64(random.next() % 40) - 20
      let power = 700 + Int64(random.next() % 64)
      let at = time + Int64(device % 500) + Int64(random.next() % 50)
      return Array(
        """
        {"boot":1,"seq":\(minute),"ts":\(at),"values":{"energyWh":\(energy),\
        "voltage":\(voltage / 10).\(voltage % 10),"powerW":\(power),"closed":\(minute % 97 != 0)}}
        """.utf8)
    }
  }

  /// Sends in batches of 500, several on their way; answers the seconds spent in `accept`.
  private func send(_ payloads: [[UInt8]]) async throws -> Double {
    let receivedAt = Instant(milliseconds: Self.start + minute * 60_000 + 1_000)
    let (stream, continuation) = AsyncThrowingStream.makeStream(of: Void.self)
    var accept = 0.0
    var batches = 0
    var device: UInt32 = 0
    for part in stride(from: 0, to: payloads.count, by: 500) {
      var batch = intake.begin(at: receivedAt)
      let begin = ContinuousClock.now
      for payload in payloads[part..<min(part + 500, payloads.count)] {
        device += 1
        let acceptance = payload.withUnsafeBytes {
          intake.accept(
            device: DeviceNumber(device), channel: .telemetry, payload: $0, receivedAt: receivedAt, into: &batch)
        }
        precondition(acceptance.refusal == nil)
      }
      accept += (ContinuousClock.now - begin) / .seconds(1)
      batches += 1
      intake.commit(batch) { _, result in
        if case .failure(let error) = result { continuation.finish(throwing: error) } else { continuation.yield() }
      }
    }
    var iterator = stream.makeAsyncIterator()
    for _ in 0..<batches { try await iterator.next() }
    return accept
  }

  /// The pages of the samples themselves. Beside them the file holds the last 200 messages of each device as they came,
  /// for three days at most: they are bounded by the devices, not by the samples.
  private func chunkBytes() async throws -> Int64 {
    try await store.read { sql in
      try sql.row("SELECT sum(pgsize) FROM dbstat WHERE name = 'telemetry_chunk'")?.integer(0) ?? 0
    }
  }

  private func historyBytes() throws -> Int {
    try ["history.db"].reduce(0) { sum, name in
      let attributes = try FileManager.default.attributesOfItem(atPath: folder + "/" + name)
      return sum + (attributes[.size] as? Int ?? 0)
    }
  }

  /// The median of reading the last 24 hours (or what there is) of one metric of one device.
  private func dayMicroseconds() async throws -> Double {
    let end = Instant(milliseconds: Self.start + (minute + 1) * 60_000)
    let from = Instant(microseconds: end.microseconds - 86_400_000_000)
    var times: [Double] = []
    for _ in 0..<301 {
      let device = DeviceNumber(UInt32(random.next() % UInt64(devices)) + 1)
      let query = HistoryQuery(property: "voltage", from: from, to: end, limit: 5_000)
      let begin = ContinuousClock.now
      let found = try await history.history(device, query)
      times.append((ContinuousClock.now - begin) / .microseconds(1))
      guard case .samples(let samples, _) = found else { continue }
      precondition(samples.count == Int(min(minute, 1_440)) || samples.count == Int(min(minute, 1_440)) - 1)
    }
    return times.sorted()[times.count / 2]
  }

  /// The median of reading the latest values of all devices, a thousand at a time.
  private func latestMilliseconds() async throws -> Double {
    let numbers = (1...devices).map { DeviceNumber($0) }
    var times: [Double] = []
    for _ in 0..<101 {
      let begin = ContinuousClock.now
      for part in stride(from: 0, to: numbers.count, by: 1_000) {
        let found = try await history.latest(Array(numbers[part..<min(part + 1_000, numbers.count)]))
        precondition(found.allSatisfy { $0.value.count == Self.metrics })
      }
      times.append((ContinuousClock.now - begin) / .milliseconds(1))
    }
    return times.sorted()[times.count / 2]
  }
}

extension HistoryBench {
  /// What was measured at one size.
  struct Figures {
    let samples: Int
    var bytesPerSample = 0.0
    var fileBytes = 0
    var dayMicroseconds = 0.0
    /// The history was a day long already, so that the reading found all of one.
    var hasDay = false
    var latestMilliseconds = 0.0
    var acceptMicroseconds = 0.0
    var intakeRate = 0.0
    var foldRate = 0.0

    init(samples: Int) {
      self.samples = samples
    }

    static let heading =
      "million samples | bytes a sample | file with raw messages MB | day of one metric µs | latest of all ms | "
      + "accept µs a message | "
      + "durable thousand samples/s | folded thousand samples/s"

    var line: String {
      [
        text(Double(samples) / 1e6), text(bytesPerSample, 2),
        text(Double(fileBytes) / 1e6), text(dayMicroseconds), text(latestMilliseconds, 2),
        text(acceptMicroseconds, 2), text(intakeRate / 1e3), text(foldRate / 1e3),
      ].joined(separator: " | ")
    }

    func growth(since first: Figures) -> String {
      var parts = [
        ("bytes", bytesPerSample / first.bytesPerSample), ("latest", latestMilliseconds / first.latestMilliseconds),
        ("intake time", first.intakeRate / intakeRate), ("folding time", first.foldRate / foldRate),
      ]
      if first.hasDay { parts.append(("day", dayMicroseconds / first.dayMicroseconds)) }
      return "growth: " + parts.map { "\($0.0) × \(text($0.1, 2))" }.joined(separator: ", ")
    }

    private func text(_ value: Double, _ places: Int = 0) -> String { String(format: "%.\(places)f", value) }
  }
}

/// The devices of the benchmark.
private enum BenchModel {
  static func entries(_ count: UInt32) -> [DeviceDirectory.Entry] {
    let liveness = LivenessContract(
      connection: .permanent, reportIntervalSeconds: 60, staleAfterSeconds: 180, offlineAfterSeconds: 300)
    let model = CompiledModel(
      ThingModel(
        key: "bench", version: 1, kind: .electricityMeter, name: name("bench"), liveness: liveness,
        properties: [
          property("energyWh", .integer(0...1_000_000_000), .metering),
          property("voltage", .decimal(scale: 1, 0...5_000), .diagnostic),
          property("powerW", .integer(0...100_000), .diagnostic), property("closed", .bool, .state),
        ]))
    return (1...count).compactMap { number in
      DeviceName("bench-\(number)").map { name in
        DeviceDirectory.Entry(
          number: DeviceNumber(number), id: ID(high: 2, low: UInt64(number)), name: name,
          organisation: ID(high: 1, low: 1), model: model)
      }
    }
  }

  private static func name(_ text: String) -> LocalName { LocalName(chinese: text, english: text) }

  private static func property(
    _ key: String, _ type: ThingModel.ValueType, _ dataClass: DataClass
  ) -> ThingModel.Property {
    ThingModel.Property(
      field: ThingModel.Field(key: key, name: name(key), type: type), dataClass: dataClass)
  }
}

/// Noise that is the same in every run (xorshift64).
private struct Noise {
  var state: UInt64

  mutating func next() -> UInt64 {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return state
  }
}
