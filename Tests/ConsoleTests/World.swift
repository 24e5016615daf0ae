import Accounts
import Audit
import Devices
import Estate
import Foundation
import Guomi
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Identities
import KeyLadder
import Kernel
import Logging
import NIOCore
import OpenAPI
import Privacy
import Provisioning
import SQLStore
import Synchronization
import TestSupport
import Vault

@testable import Alarms
@testable import Console

/// A small estate with its devices, and the console before it: 3 floors of 4 rooms, a lock and a smoke detector in
/// each.
struct World: Sendable {
  /// Shown as a Bearer key: a session's cookie is the browser tests' business.
  static let key = "test-key"
  static let readerKey = "reader-key"
  /// Whoever a test gives it to: `people`.
  static let otherKey = "other-key"

  let fresh: Fresh
  let estate: Estate
  let devices: Devices
  let alarms: Alarms
  let liveness: LivenessBoard
  let archive: SampleArchive
  let signing: SigningKeysInMemory
  let identities: Identities
  let provisioning: Provisioning
  let roots: SwitchedRoots
  let building: Building
  let principal: Principal
  let people: People
  let console: Console
  let app: Application<RouterResponder<HTTPContext>>

  /// Who comes with which key.
  final class People: Sendable {
    private let known: Mutex<[String: Principal]>

    init(_ known: [String: Principal]) { self.known = Mutex(known) }

    func principal(_ key: String) -> Principal? { known.withLock { $0[key] } }
    func give(_ key: String, _ principal: Principal) { known.withLock { $0[key] = principal } }
  }

  static func make(floors: Int = 3, rooms: Int = 4, vendorFolder: String? = nil) async throws -> World {
    let fresh = try await Fresh.inMemory([
      Accounts.migrations, Privacy.migrations, Estate.migrations, Devices.migrations,
      Alarms.migrations, Identities.migrations, Provisioning.migrations,
    ])
    let principal = fresh.principal()
    let estate = Estate(work: fresh.work)
    let project = try await estate.openProject(name: "青年公寓", by: principal)
    let building = try await estate.addBuilding(
      NewBuilding(project: project.id, name: "3 号楼", floors: floors, roomsOfFloor: rooms), by: principal)
    let devices = try Devices(
      work: fresh.work, directory: DeviceDirectory(), authority: nil,
      randomBytes: { Array(repeating: 7, count: $0) })
    try await devices.open()
    let archive = SampleArchive(clock: fresh.clock)
    devices.links.attach(archive)
    let liveness = LivenessBoard(directory: devices.directory)
    try await LivenessService(devices: devices, board: liveness).open()
    try await register(estate, devices, building, principal)
    let alarms = Alarms(work: fresh.work)
    let vault = Vault.standIn(time: fresh.clock.timekeeper)
    let privacy = Privacy(
      work: fresh.work, policy: try .builtIn(), audit: AuditLog(work: fresh.work, keys: CheckpointKeys([])),
      keys: VaultPersonKeys(work: fresh.work, vault: vault),
      providers: [AccountHoldings(work: fresh.work, vault: vault)], random: { Array(repeating: 9, count: $0) })
    let random = SharedRandom(seed: 3)
    let accounts = Accounts(
      work: fresh.work, hasher: try PasswordHasher(cost: .least), vault: vault, random: { random.bytes($0) })
    let audit = AuditLog(work: fresh.work, keys: CheckpointKeys([]))
    let signing = SigningKeysInMemory()
    let identities = Identities(work: fresh.work, keys: signing, randomBytes: { random.bytes($0) })
    let source = RandomSource { random.bytes($0) }
    let roots = SwitchedRoots(
      OpenedRoot(
        try DeviceRoot(
          version: 1, withElement: source.secret(32), withoutElement: source.secret(32),
          signing: SM2.SigningKey.generate(random: source), random: source)))
    let provisioning = Provisioning(work: fresh.work, keys: roots, randomBytes: { random.bytes($0) })
    let reader = fresh.principal([.devicesRead, .estateRead, .alarmsRead])
    let people = People([key: principal, readerKey: reader])
    let identify = Identify(
      session: { token, origin in try await Identify(accounts).session(token, origin) },
      key: { given, _ in people.principal(given) })
    let rates = OpenAPISurface.Rates(time: fresh.clock.timekeeper)
    let console = try Console(
      services: .init(
        accounts: accounts, estate: estate, devices: devices, alarms: alarms, privacy: privacy, audit: audit,
        identities: identities, provisioning: provisioning, journal: fresh.journal),
      door: .sample,
      identify: identify, rates: rates, vendorFolder: vendorFolder, time: fresh.clock.timekeeper,
      ids: fresh.work.ids)
    let router = Router(context: HTTPContext.self)
    router.addMiddleware {
      RequestShell(time: fresh.clock.timekeeper)
      Identification(identify, failures: rates.ofSignIn)
    }
    console.install(on: router)
    return World(
      fresh: fresh, estate: estate, devices: devices, alarms: alarms, liveness: liveness, archive: archive,
      signing: signing, identities: identities, provisioning: provisioning, roots: roots,
      building: building, principal: principal, people: people, console: console,
      app: Application(responder: router.buildResponder(), logger: .silent))
  }

  private static func register(
    _ estate: Estate, _ devices: Devices, _ building: Building, _ principal: Principal
  ) async throws {
    let board = try await estate.board(building.id, by: principal)
    for room in board.columns.flatMap(\.rows).flatMap(\.rooms) {
      for (prefix, model) in [("LK", "lock.basic"), ("SD", "smoke.basic")] {
        _ = try await devices.register(
          NewDevice(name: "\(prefix)-\(room.name)", model: model, room: room.id), by: principal)
      }
    }
  }

  func device(_ name: String) async throws -> DeviceDetail {
    try await devices.device(named: name, by: principal)
  }

  /// A device says that something is wrong, and the alarms hear of it.
  func happens(_ event: String, at name: String, _ level: EventLevel? = nil) async throws {
    let detail = try await device(name)
    let model = detail.model.event(event)
    let now = fresh.clock.now
    let sign = AlarmSign(
      device: detail.device.id, deviceName: name, kind: detail.device.kind, place: detail.device.place, event: event,
      name: model?.name ?? LocalName(chinese: event, english: event), level: level ?? model?.level ?? .alarm,
      clearedBy: model?.clearedBy, deviceTime: now, receivedAt: now, values: [:])
    try await fresh.work.run(AlarmsError.self) { unit in
      try Alarms.take(sign, organisation: principal.organisation, in: unit)
    }
  }

  /// Asks for a page as a signed-in person.
  func get(
    _ path: String, language: String = "zh-CN", fragment: Bool = false, key: String? = World.key
  ) async throws -> TestResponse {
    try await send(path, .get, nil, language: language, fragment: fragment, key: key)
  }

  func post(
    _ path: String, _ form: String = "", fragment: Bool = false, key: String? = World.key,
    headers: HTTPFields = [:]
  ) async throws -> TestResponse {
    try await send(path, .post, form, language: "zh-CN", fragment: fragment, key: key, headers: headers)
  }

  private func send(
    _ path: String, _ method: HTTPRequest.Method, _ body: String?, language: String, fragment: Bool, key: String?,
    headers: HTTPFields = [:]
  ) async throws -> TestResponse {
    var fields = headers
    fields[.acceptLanguage] = language
    if let key { fields[.authorization] = "Bearer \(key)" }
    if fragment { fields[.htmxRequest] = "true" }
    if body != nil, fields[.contentType] == nil { fields[.contentType] = "application/x-www-form-urlencoded" }
    let sent = fields
    return try await app.test(.router) { client in
      try await client.execute(
        uri: path, method: method, headers: sent, body: body.map { ByteBuffer(string: $0) })
    }
  }
}

/// The root keys of devices, in memory; they can be made to fail.
final class SwitchedRoots: DeviceRootKeys {
  private let root: OpenedRoot
  private let failure = Mutex<RootKeysError?>(nil)

  init(_ root: OpenedRoot) { self.root = root }

  func fail(_ error: RootKeysError?) { failure.withLock { $0 = error } }

  private func check() throws(RootKeysError) { if let error = failure.withLock({ $0 }) { throw error } }

  func answer(
    _ request: ProvisioningRequest, for organisation: ID<Organisation>
  ) async throws(RootKeysError) -> IssuedDeviceKey {
    try check()
    return try await root.answer(request, for: organisation)
  }

  func file(
    _ devices: [(holder: KeyLadder.Holder, random: [UInt8])], lot: [UInt8], station: [UInt8],
    encryptionKey: SM2.EncryptionKey, validity: Range<UInt64>, for organisation: ID<Organisation>
  ) async throws(RootKeysError) -> IssuedBatchFile {
    try check()
    return try await root.file(
      devices, lot: lot, station: station, encryptionKey: encryptionKey, validity: validity, for: organisation)
  }

  func communicationKey(_ ask: CommunicationKeyAsk) async throws(RootKeysError) -> SecretBytes {
    try check()
    return try await root.communicationKey(ask)
  }

  func platformKey(of organisation: ID<Organisation>) async throws(RootKeysError) -> SM2.VerifyingKey {
    try check()
    return await root.platformKey(of: organisation)
  }

  func sign(_ statement: [UInt8], for organisation: ID<Organisation>) async throws(RootKeysError) -> [UInt8] {
    try check()
    return try await root.sign(statement, for: organisation)
  }
}

extension TestResponse {
  var text: String { String(buffer: body) }
}

extension SessionDoor {
  /// Lets `admin` with `right` in; `locked` is locked out.
  static let sample = SessionDoor(
    signIn: { name, password, _ in
      if name == "locked" { throw DoorError(kind: .limited(retryAfterSeconds: 840)) }
      guard name == "admin", password == "right" else { throw DoorError(kind: .unauthenticated) }
      return Opened(token: "a-token", secondsMax: 3_600)
    },
    signOut: { _ in })
}

struct DoorError: UseCaseError {
  let kind: ErrorKind
  let code = "account.refused"
  let reason = ""
  let remedy = ""

  init(kind: ErrorKind) { self.kind = kind }
  init(_ denied: Denied) { self.init(kind: .denied) }
  init(_ failure: StoreFailure) { self.init(kind: .unavailable) }
}

/// What the devices measured, made up: the intake's own tests prove the real one.
struct SampleArchive: TelemetryArchive {
  let clock: ManualClock

  func latest(_ device: DeviceNumber) async throws -> [LatestValue] {
    let now = clock.now
    let values: [(String, PropertyValue)] = [
      ("locked", .bool(true)), ("door", .text("closed")), ("batteryPercent", .integer(87)),
      ("batteryVolts", .decimal(mantissa: 582, scale: 2)), ("signalDbm", .integer(-67)),
    ]
    return values.map { LatestValue(property: $0.0, value: $0.1, deviceTime: now, receivedAt: now) }
  }

  func latest(_ devices: [DeviceNumber]) async throws -> [DeviceNumber: [LatestValue]] {
    var all: [DeviceNumber: [LatestValue]] = [:]
    for device in devices { all[device] = try await latest(device) }
    return all
  }

  func history(_ device: DeviceNumber, _ query: HistoryQuery) async throws -> History {
    let step = Int64(query.bucketSeconds ?? 300) * 1_000_000
    return .buckets(
      (0..<20).map { place in
        let value = PropertyValue.integer(Int64(90 - place / 4))
        return History.Bucket(
          start: Instant(microseconds: query.from.microseconds + Int64(place) * step), count: 3,
          minimum: .integer(Int64(89 - place / 4)), maximum: .integer(Int64(91 - place / 4)), mean: value, last: value)
      })
  }

  func rawMessages(_ device: DeviceNumber, _ page: PageRequest) async throws -> Page<RawMessage> {
    let text = #"{"boot":7,"seq":1,"values":{"batteryPercent":"<script>alert(1)</script>"}}"#
    return Page(
      items: [RawMessage(channel: "telemetry", receivedAt: clock.now, text: text, bytes: text.utf8.count)], next: nil)
  }

  func rejectedReadings(
    _ devices: [DeviceNumber]?, organisation: ID<Organisation>, _ page: PageRequest
  ) async throws -> Page<RejectedReading> {
    Page(
      items: [
        RejectedReading(
          id: 1, device: devices?.first ?? DeviceNumber(1), property: "batteryPercent", reason: "value.range",
          given: "140", deviceTime: clock.now, receivedAt: clock.now)
      ], next: nil)
  }

  func completeness(
    _ device: DeviceNumber, from: LocalDate, through: LocalDate, offsetMinutes: Int
  ) async throws -> [DayCompleteness] {
    (0...(through.dayNumber - from.dayNumber)).map { day in
      DayCompleteness(
        day: from.adding(days: day), received: 96 - (day == 3 ? 9 : 0), missing: day == 3 ? 9 : 0, duplicates: 0,
        rejected: 0)
    }
  }

  func missing(_ device: DeviceNumber, limit: Int) async throws -> [SequenceRange] { [] }
}
