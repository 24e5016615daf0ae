import CertificateAuthority
import Estate
import Kernel
import SQLStore
import Synchronization
import TestSupport

@testable import Devices

/// The context on an empty store, with measured data and connections that a test sets by hand.
struct Fixture: Sendable {
  let fresh: Fresh
  let devices: Devices
  let archive = FixedArchive()
  let sessions = FixedSessions()
  let board: LivenessBoard
  let authority: CertificateAuthority

  init(fresh given: Fresh? = nil) async throws {
    if let given { fresh = given } else { fresh = try await Fresh.inMemory([Estate.migrations, Devices.migrations]) }
    let seconds = fresh.clock.now.milliseconds / 1_000
    authority = try CertificateAuthority.create(
      name: "Test CA", serial: Array(1...16), from: seconds - 86_400, days: 7_300)
    let random = SharedRandom(seed: 5)
    devices = try Devices(
      work: fresh.work, directory: DeviceDirectory(), authority: authority, randomBytes: { random.bytes($0) })
    board = LivenessBoard(directory: devices.directory)
    devices.links.attach(archive)
    devices.links.attach(sessions)
    try await devices.open()
  }

  var principal: Principal { fresh.principal() }

  /// Somebody of another organisation.
  func stranger() -> Principal {
    Principal(
      id: fresh.work.ids.next(), kind: .person, organisation: fresh.work.ids.next(), name: "Stranger",
      permissions: Set(Permission.allCases), assurance: .secondFactor(at: fresh.clock.now))
  }

  func lock(_ name: String = "LK-1") async throws -> Device {
    try await devices.register(NewDevice(name: name, model: "lock.basic"), by: principal)
  }

  /// A message as the reader of the urgent lane hands it over.
  func handle(
    _ json: String, _ channel: UpChannel, from device: Device, boot: Int64 = 1, sequence: Int64 = 0
  ) async throws -> [RejectedPart] {
    let messages = DeviceMessages(devices: devices)
    let message = UrgentMessage(
      device: device.number, channel: channel, boot: boot, sequence: sequence, deviceTime: fresh.clock.now,
      receivedAt: fresh.clock.now, payload: Array(json.utf8))
    return try await fresh.work.run(DevicesError.self) { unit in try messages.handle(message, in: unit) }
  }

  /// The journal's kinds, oldest first.
  func kinds() async throws -> [String] {
    try await fresh.journal.read(after: 0, limit: 1_000).map(\.kind)
  }
}

/// Connections that a test sets.
final class FixedSessions: DeviceSessions {
  struct State {
    var since: [DeviceNumber: Instant] = [:]
    var sent: [(DeviceNumber, DownMessage)] = []
    var ended: [(DeviceNumber, SessionEnd)] = []
    var takes = true
  }

  let state = Mutex(State())

  func connect(_ device: Device, at now: Instant) { state.withLock { $0.since[device.number] = now } }
  func disconnect(_ device: Device) { state.withLock { $0.since[device.number] = nil } }
  func refuseAll() { state.withLock { $0.takes = false } }
  var sent: [(DeviceNumber, DownMessage)] { state.withLock { $0.sent } }
  var texts: [String] { sent.map { String(decoding: $0.1.payload, as: UTF8.self) } }
  var ended: [(DeviceNumber, SessionEnd)] { state.withLock { $0.ended } }

  func connectedSince(_ device: DeviceNumber) -> Instant? { state.withLock { $0.since[device] } }
  func connectedDevices() -> [DeviceNumber] { state.withLock { $0.since.keys.sorted() } }
  func deliver(_ message: DownMessage, to device: DeviceNumber) -> Bool {
    state.withLock { state in
      guard state.takes, state.since[device] != nil else { return false }
      state.sent.append((device, message))
      return true
    }
  }
  func end(_ device: DeviceNumber, because reason: SessionEnd) {
    state.withLock { $0.ended.append((device, reason)) }
  }
}

/// Measured data that a test sets.
final class FixedArchive: TelemetryArchive {
  struct State {
    var latest: [DeviceNumber: [LatestValue]] = [:]
    var missing: [DeviceNumber: [SequenceRange]] = [:]
    var asked: [HistoryQuery] = []
  }

  let state = Mutex(State())

  func set(_ values: [LatestValue], of device: Device) { state.withLock { $0.latest[device.number] = values } }
  func set(missing: [SequenceRange], of device: Device) { state.withLock { $0.missing[device.number] = missing } }

  func latest(_ device: DeviceNumber) async throws -> [LatestValue] { state.withLock { $0.latest[device] ?? [] } }
  func latest(_ devices: [DeviceNumber]) async throws -> [DeviceNumber: [LatestValue]] {
    state.withLock { state in state.latest.filter { devices.contains($0.key) } }
  }
  func history(_ device: DeviceNumber, _ query: HistoryQuery) async throws -> History {
    state.withLock { $0.asked.append(query) }
    return .samples([], next: nil)
  }
  func rawMessages(_ device: DeviceNumber, _ page: PageRequest) async throws -> Page<RawMessage> {
    Page(items: [], next: nil)
  }
  func rejectedReadings(
    _ devices: [DeviceNumber]?, organisation: ID<Organisation>, _ page: PageRequest
  ) async throws -> Page<RejectedReading> { Page(items: [], next: nil) }
  func completeness(
    _ device: DeviceNumber, from: LocalDate, through: LocalDate, offsetMinutes: Int
  ) async throws -> [DayCompleteness] { [] }
  func missing(_ device: DeviceNumber, limit: Int) async throws -> [SequenceRange] {
    state.withLock { Array(($0.missing[device] ?? []).prefix(limit)) }
  }
}
