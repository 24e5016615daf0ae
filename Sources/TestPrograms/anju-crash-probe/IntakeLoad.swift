import Devices
import DurableLog
import Glibc
import Kernel
import Logging
import SQLStore

/// Loads the intake until it is killed: four devices send numbered readings, a folder works behind them, and each
/// reading's number goes to `acknowledged` in the folder `ADDRESS` when its acknowledgement would go. STEP tells this
/// round's numbers from another's: the test looks for each afterwards.
enum IntakeLoad: Scenario {
  static let name = "intake"

  static func run(address: String, crash: CrashPoint) async throws {
    let round = crash.step
    let rig = try await IntakeRig(folder: address, options: DurableLog.Options())
    let history = try await rig.history(folder: address)
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        while true {
          _ = try await history.fold()
          try await Task.sleep(for: .milliseconds(3))
        }
      }
      for device in 1...IntakeRig.devices { group.addTask { try await rig.send(device, round: round) } }
      try await group.waitForAll()
    }
  }
}

/// The same without a folder, and with `synchronous=NORMAL`: what the test must see lose messages.
enum IntakeLoadNormal: Scenario {
  static let name = "intake-normal"

  static func run(address: String, crash: CrashPoint) async throws {
    var options = DurableLog.Options()
    options.synchronous = .normal
    let rig = try await IntakeRig(folder: address, options: options)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for device in 1...IntakeRig.devices { group.addTask { try await rig.send(device, round: crash.step) } }
      try await group.waitForAll()
    }
  }
}

/// An intake over some devices in a folder, and the file of acknowledgements.
final class IntakeRig: Sendable {
  static let devices: UInt32 = 4
  static let batchMessages = 16
  /// Where a device stops for a test that is late to kill it: what it sends is read back.
  static let numbersMax = 10_000
  static let receivedAt = Instant(milliseconds: 1_795_415_528_000)

  let log: DurableLog
  let directory = DeviceDirectory()
  let latest = LatestValues()
  let intake: TelemetryIntake
  private let acknowledged: Int32

  init(folder: String, options: DurableLog.Options) async throws {
    let logger = Logger(label: "probe") { _ in SwiftLogNoOpLogHandler() }
    log = try DurableLog.open(path: folder + "/log.db", options: options, logger: logger)
    intake = TelemetryIntake(log: log, directory: directory, latest: latest)
    acknowledged = open(folder + "/acknowledged", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
    directory.put(Self.entries())
  }

  static func entries() -> [DeviceDirectory.Entry] {
    let name = LocalName(chinese: "电表", english: "Meter")
    let energy = ThingModel.Property(
      field: ThingModel.Field(key: "energyWh", name: name, type: .integer(0...1_000_000_000)), dataClass: .metering)
    let liveness = LivenessContract(
      connection: .permanent, reportIntervalSeconds: 60, staleAfterSeconds: 180, offlineAfterSeconds: 300)
    let model = CompiledModel(
      ThingModel(
        key: "probe", version: 1, kind: .electricityMeter, name: name, liveness: liveness, properties: [energy]))
    return (1...devices).compactMap { number in
      DeviceName("probe-\(number)").map { name in
        DeviceDirectory.Entry(
          number: DeviceNumber(number), id: ID(high: 2, low: UInt64(number)), name: name,
          organisation: ID(high: 1, low: 1), model: model)
      }
    }
  }

  func history(folder: String) async throws -> TelemetryHistory {
    var options = TelemetryOptions()
    options.sliceBytesMax = 64 << 10
    let logger = Logger(label: "probe") { _ in SwiftLogNoOpLogHandler() }
    return try await TelemetryHistory.open(
      store: try TelemetryHistory.store(path: folder + "/history.db"), log: log, directory: directory, latest: latest,
      options: options, logger: logger, trims: LogTrims(log: log))
  }

  /// Sends batch after batch, each when the one before it is durable.
  func send(_ device: UInt32, round: Int) async throws {
    var number = 0
    while number < Self.numbersMax {
      var batch = intake.begin(at: Self.receivedAt)
      for sequence in number..<number + Self.batchMessages {
        // A moment of its own for every reading, in the past of the receipt.
        let time = Self.receivedAt.milliseconds - 1_000_000_000 + Int64(round) * 1_000_000 + Int64(sequence)
        var json = #"{"boot":\#(round),"seq":\#(sequence),"ts":\#(time),"values":{"energyWh":\#(sequence)}}"#
        _ = json.withUTF8 {
          intake.accept(
            device: DeviceNumber(device), channel: .telemetry, payload: UnsafeRawBufferPointer($0),
            receivedAt: Self.receivedAt, into: &batch)
        }
      }
      let range = number..<number + Self.batchMessages
      try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
        intake.commit(batch) { [self] _, result in
          if case .success = result { acknowledge(device, range) }
          continuation.resume(with: result.map { _ in }.mapError { $0 })
        }
      }
      number += Self.batchMessages
    }
    try await Task.sleep(for: .seconds(600))
  }

  /// One `write`: whole or not there.
  private func acknowledge(_ device: UInt32, _ range: Range<Int>) {
    let lines = range.map { "\(device) \($0)\n" }.joined()
    _ = Array(lines.utf8).withUnsafeBytes { Glibc.write(acknowledged, $0.baseAddress, $0.count) }
  }
}
