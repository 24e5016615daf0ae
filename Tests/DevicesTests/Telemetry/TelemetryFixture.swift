import DurableLog
import Foundation
import Kernel
import SQLStore
import Synchronization
import TestSupport

@testable import Devices

/// A log, a history and a directory of some devices in a temporary folder.
final class TelemetryFixture: Sendable {
  static let now = Instant(milliseconds: 1_795_415_528_000)
  static let model = ThingModel(
    key: "meter.test", version: 1, kind: .electricityMeter,
    name: LocalName(chinese: "电表", english: "Meter"),
    liveness: LivenessContract(
      connection: .permanent, reportIntervalSeconds: 60, staleAfterSeconds: 180, offlineAfterSeconds: 300),
    properties: [
      property("energyWh", .integer(0...1_000_000_000), .metering),
      property("voltage", .decimal(scale: 1, 0...5_000), .diagnostic),
      property("closed", .bool, .state),
      property("mode", .enumeration([choice("auto"), choice("manual")]), .state),
      property("note", .text(bytesMax: 20), .state),
    ])

  let folder: TemporaryFolder
  let log: DurableLog
  let directory: DeviceDirectory
  let latest = LatestValues()
  let trims: LogTrims
  let intake: TelemetryIntake
  let organisation = ID<Organisation>(high: 1, low: 1)
  let options: TelemetryOptions

  init(
    folder: TemporaryFolder? = nil, devices: UInt32 = 5, model: ThingModel = model,
    options: TelemetryOptions = TelemetryOptions()
  ) throws {
    self.folder = try folder ?? TemporaryFolder()
    self.options = options
    log = try DurableLog.open(path: self.folder.path("log.db"), logger: .silent)
    directory = DeviceDirectory()
    trims = LogTrims(log: log)
    intake = TelemetryIntake(log: log, directory: directory, latest: latest)
    put(model, devices: devices)
  }

  /// Puts devices 1 to `devices` into the directory with a model.
  func put(_ model: ThingModel, devices: UInt32) {
    let compiled = CompiledModel(model)
    directory.put(
      (1...devices).compactMap { number in
        DeviceName("device-\(number)").map { name in
          DeviceDirectory.Entry(
            number: DeviceNumber(number), id: ID(high: 2, low: UInt64(number)), name: name, organisation: organisation,
            model: compiled)
        }
      })
  }

  func history() async throws -> TelemetryHistory {
    let store = try SQLStore.sqlite(path: folder.path("history.db"))
    return try await TelemetryHistory.open(
      store: store, log: log, directory: directory, latest: latest, options: options, logger: .silent, trims: trims)
  }

  /// Sends messages as one batch and waits until all are durable.
  @discardableResult
  func send(
    _ messages: [(device: UInt32, channel: UpChannel, json: String)], at time: Instant = now
  ) async throws -> [Acceptance] {
    var batch = intake.begin(at: time)
    let acceptances = messages.map { message in
      var json = message.json
      return json.withUTF8 { bytes in
        intake.accept(
          device: DeviceNumber(message.device), channel: message.channel, payload: UnsafeRawBufferPointer(bytes),
          receivedAt: time, into: &batch)
      }
    }
    try await commit(batch, lanes: Set(acceptances.map(\.lane)).count)
    return acceptances
  }

  func commit(_ batch: IntakeBatch, lanes: Int) async throws {
    let (stream, continuation) = AsyncThrowingStream.makeStream(of: Void.self)
    intake.commit(batch) { _, result in
      if case .failure(let error) = result { continuation.finish(throwing: error) } else { continuation.yield() }
    }
    var iterator = stream.makeAsyncIterator()
    for _ in 0..<lanes { try await iterator.next() }
  }

  /// Telemetry of one device: `values` is the inside of the values' braces.
  @discardableResult
  func telemetry(
    _ device: UInt32, boot: Int = 1, seq: Int, at time: Instant = now, received: Instant? = nil, _ values: String
  ) async throws -> Acceptance {
    let json = #"{"boot":\#(boot),"seq":\#(seq),"ts":\#(time.milliseconds),"values":{\#(values)}}"#
    return try await send([(device, .telemetry, json)], at: received ?? Self.now)[0]
  }

  private static func property(
    _ key: String, _ type: ThingModel.ValueType, _ dataClass: DataClass
  ) -> ThingModel.Property {
    ThingModel.Property(
      field: ThingModel.Field(key: key, name: LocalName(chinese: key, english: key), type: type), dataClass: dataClass)
  }

  private static func choice(_ key: String) -> ThingModel.Choice {
    ThingModel.Choice(key: key, name: LocalName(chinese: key, english: key))
  }
}

extension TelemetryHistory {
  /// Folds until nothing is left.
  func foldAll() async throws {
    while try await fold().isMore {}
  }

  /// All samples of a property as (seconds after `TelemetryFixture.now`, value).
  func samples(_ device: UInt32, _ property: String, limit: Int = 5_000) async throws -> [Sampled] {
    let query = HistoryQuery(
      property: property, from: Instant(milliseconds: 0), to: Instant(microseconds: .max), limit: limit)
    guard case .samples(let samples, _) = try await history(DeviceNumber(device), query) else { return [] }
    return samples.map {
      Sampled(seconds: $0.at.microseconds(since: TelemetryFixture.now) / 1_000_000, value: $0.value.description)
    }
  }
}

struct Sampled: Hashable, CustomStringConvertible {
  let seconds: Int64
  let value: String
  var description: String { "\(seconds): \(value)" }

  init(seconds: Int64, value: String) {
    self.seconds = seconds
    self.value = value
  }

  init(_ seconds: Int64, _ value: String) {
    self.init(seconds: seconds, value: value)
  }
}

extension Instant {
  /// Seconds after the fixtures' moment.
  static func at(_ seconds: Int64) -> Instant { TelemetryFixture.now.advanced(by: .seconds(seconds)) }
}
