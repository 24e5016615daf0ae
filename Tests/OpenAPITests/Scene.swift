import Accounts
import Alarms
import Audit
import CertificateAuthority
import Devices
import Estate
import Foundation
import Guomi
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Identities
import Kernel
import KeyLadder
import Logging
import NIOCore
import Privacy
import Provisioning
import SQLStore
import Synchronization
import TestSupport
import Vault

@testable import OpenAPI

/// The whole surface over a fresh store, with people of two organisations and their tokens.
struct Scene: Sendable {
  let fresh: Fresh
  let accounts: Accounts
  let estate: Estate
  let devices: Devices
  let alarms: Alarms
  let privacy: Privacy
  let signing = SigningKeysInMemory()
  let identities: Identities
  let provisioning: Provisioning
  let feed: EventFeed
  let surface: OpenAPISurface
  let tokens: Tokens
  /// What the vault asks; it can be told to be down.
  let keys = StandInKeys()

  /// The tokens that are good; a test may take one away.
  final class Tokens: Sendable {
    private let known: Mutex<[String: Principal]>

    init(_ known: [String: Principal]) { self.known = Mutex(known) }

    func principal(_ token: String) -> Principal? { known.withLock { $0[token] } }
    func revoke(_ token: String) { known.withLock { $0[token] = nil } }
    func give(_ token: String, _ principal: Principal) { known.withLock { $0[token] = principal } }
  }

  init(rates: ((Timekeeper) -> OpenAPISurface.Rates)? = nil, extra: [Endpoint] = []) async throws {
    fresh = try await Fresh.inMemory([
      Accounts.migrations, Privacy.migrations, Estate.migrations, Devices.migrations, Alarms.migrations,
      Identities.migrations, Provisioning.migrations,
    ])
    let random = SharedRandom(seed: 5)
    let vault = Vault.standIn(keys, time: fresh.clock.timekeeper) { [work = fresh.work] opening in
      try await work.run(AuditError.self) { unit in try unit.audit(AuditEvent(opening)) }
    }
    accounts = Accounts(
      work: fresh.work, hasher: try PasswordHasher(cost: .least), vault: vault, random: { random.bytes($0) })
    devices = try Devices(
      work: fresh.work, directory: DeviceDirectory(),
      authority: try CertificateAuthority.create(
        name: "Test CA", serial: Array(1...16), from: fresh.clock.now.milliseconds / 1_000 - 86_400, days: 7_300),
      randomBytes: { random.bytes($0) })
    try await devices.open()
    let time = fresh.clock.timekeeper
    estate = Estate(work: fresh.work)
    alarms = Alarms(work: fresh.work)
    privacy = Privacy(
      work: fresh.work, policy: try .builtIn(), audit: AuditLog(work: fresh.work, keys: CheckpointKeys([])),
      keys: VaultPersonKeys(work: fresh.work, vault: vault),
      providers: [AccountHoldings(work: fresh.work, vault: vault)],
      random: { random.bytes($0) })
    identities = Identities(work: fresh.work, keys: signing, randomBytes: { random.bytes($0) })
    let source = RandomSource { random.bytes($0) }
    let root = try DeviceRoot(
      version: 1, withElement: source.secret(32), withoutElement: source.secret(32),
      signing: SM2.SigningKey.generate(random: source), random: source)
    provisioning = Provisioning(work: fresh.work, keys: OpenedRoot(root), randomBytes: { random.bytes($0) })
    feed = EventFeed(journal: fresh.journal, time: time, logger: .silent)
    let stranger = Principal(
      id: fresh.work.ids.next(), kind: .person, organisation: fresh.work.ids.next(), name: "Stranger",
      permissions: Set(Permission.allCases), assurance: .secondFactor(at: fresh.clock.now))
    tokens = Tokens(["all": fresh.principal(), "none": fresh.principal([]), "stranger": stranger])
    let rates = (rates ?? Self.generousRates)(time)
    surface = OpenAPISurface(
      endpoints: OpenAPISurface.endpoints(of: accounts, rates: rates, time: time)
        + OpenAPISurface.endpoints(of: estate)
        + OpenAPISurface.endpoints(of: devices) + OpenAPISurface.endpoints(of: alarms)
        + OpenAPISurface.endpoints(of: privacy) + OpenAPISurface.endpoints(of: identities)
        + OpenAPISurface.endpoints(of: AuditLog(work: fresh.work, keys: CheckpointKeys([])))
        + OpenAPISurface.endpoints(of: provisioning)
        + OpenAPISurface.endpoints(
          of: feed, journal: fresh.journal, identify: Self.identify(tokens),
          reach: EventReach(alarms: alarms, devices: devices), time: time)
        + extra,
      cursors: Cursors(secret: Array(repeating: 7, count: 32)),
      rates: rates, time: time, checksAnswers: true)
  }

  static func identify(_ tokens: Tokens) -> Identify {
    Identify(session: { token, _ in tokens.principal(token) }, key: { token, _ in tokens.principal(token) })
  }

  /// The test's own tokens first, then those that Accounts gave.
  var identify: Identify {
    let (tokens, real) = (tokens, Identify(accounts))
    return Identify(
      session: { token, origin in
        if let known = tokens.principal(token) { known } else { try await real.session(token, origin) }
      },
      key: { token, origin in
        if let known = tokens.principal(token) { known } else { try await real.key(token, origin) }
      })
  }

  static func generousRates(_ time: Timekeeper) -> OpenAPISurface.Rates {
    let limiter = { RateLimiter(burst: 1_000_000, perSecond: 1_000, time: time) }
    return OpenAPISurface.Rates(ofPrincipal: limiter(), ofAddress: limiter(), ofSignIn: limiter())
  }

  /// The server as a program puts it together.
  func application(
    failures: RateLimiter? = nil, idleSecondsMax: Int = 60
  ) -> some ApplicationProtocol {
    let time = fresh.clock.timekeeper
    let router = Router(context: HTTPContext.self)
    router.add(middleware: RequestShell(time: time))
    let limiter = failures ?? RateLimiter(burst: 1_000, perSecond: 100, time: time)
    router.add(middleware: Identification(identify, failures: limiter))
    router.add(middleware: RefusalAudit(AuditLog(work: fresh.work, keys: CheckpointKeys([])), time: time))
    surface.install(on: router)
    var app = Application(
      router: router, server: .http1(configuration: Limits.channelConfiguration(idleSecondsMax: idleSecondsMax)),
      configuration: .init(address: .hostname("127.0.0.1", port: 0)), logger: .silent)
    app.addServices(feed)
    return app
  }
}

extension HTTPFields {
  /// The header of an API key.
  static func key(_ token: String) -> HTTPFields { [.authorization: "Bearer \(token)"] }
  /// The cookie of a browser on this site's own page.
  static func cookie(_ token: String) -> HTTPFields {
    [.cookie: "\(SessionCookie.name)=\(token)", .fetchSite: "same-origin"]
  }

  /// These and the type of a JSON body.
  var json: HTTPFields {
    var fields = self
    fields[.contentType] = "application/json"
    return fields
  }
}

extension TestResponse {
  /// The body as JSON.
  func json() throws -> JSONValue { try JSONReader.read(Array(body.readableBytesView)) }
  /// The code of a problem; nil when it is none.
  var problemCode: String? {
    guard headers[.contentType] == "application/problem+json" else { return nil }
    return try? json()["code"]?.text
  }
}

extension TestClientProtocol {
  /// One request with a text as its body.
  func send(
    _ method: HTTPRequest.Method, _ uri: String, _ headers: HTTPFields = .key("all"), _ body: String? = nil
  ) async throws -> TestResponse {
    try await executeRequest(
      uri: uri, method: method, headers: body == nil || headers[.contentType] != nil ? headers : headers.json,
      body: body.map { ByteBuffer(string: $0) })
  }
}
