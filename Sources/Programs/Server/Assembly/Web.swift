import Accounts
import Alarms
import Console
import Devices
import Estate
import Foundation
import Hummingbird
import HummingbirdHTTP2
import HummingbirdCore
import Kernel
import Logging
import NIOCore
import NIOSSL
import OpenAPI
import Privacy

/// The pages and the open interface on one HTTPS listener, HTTP/2 and HTTP/1.1.
struct Web {
  let contexts: Contexts
  let journal: Journal
  let feed: EventFeed
  let configuration: ServerConfiguration
  let limits: ConnectionLimits
  let logger: Logger

  /// How long open streams may take to end when the program stops.
  private static let closingTime: Duration = .seconds(2)

  /// - Parameters:
  ///   - certificates: their server's certificate is shown.
  ///   - cursorSecret: 32 bytes that seal the cursors of lists.
  ///   - whenListening: told the port.
  func application(
    _ certificates: PlatformCertificates, cursorSecret: [UInt8],
    whenListening: @escaping @Sendable (Int) async -> Void
  ) throws -> some ApplicationProtocol {
    let time = SystemSources.time
    let identify = Identify(contexts.accounts)
    let rates = OpenAPISurface.Rates(time: time)
    let router = Router(context: HTTPContext.self)
    // A browser whose session ended sends its cookie with every part of a page: no reason to slow its sign-in down.
    let failures = RateLimiter(burst: 200, perSecond: 5, time: time)
    router.addMiddleware {
      RequestShell(time: time)
      Identification(identify, failures: failures)
      RefusalAudit(contexts.audit, time: time)
    }
    surface(identify, rates, cursorSecret).install(on: router)
    try console(identify, rates).install(on: router)
    let tls = try Self.tls(certificates)
    return Application(
      router: router,
      server: HTTPServerBuilder { [limits] responder in
        let channel = try HTTP2UpgradeChannel(
          tlsConfiguration: tls,
          configuration: .init(
            idleTimeout: .seconds(Limits.idleSecondsMax), gracefulCloseTimeout: Self.closingTime,
            streamConfiguration: Limits.channelConfiguration()),
          responder: responder)
        return GuardedChannel(base: channel, limits: limits)
      },
      configuration: .init(
        address: .hostname(configuration.listenAddress, port: configuration.httpPort), serverName: nil,
        availableConnectionsDelegate: MaximumAvailableConnections(limits.connectionsMax, logger: logger)),
      onServerRunning: { channel in await whenListening(channel.localAddress?.port ?? 0) },
      logger: logger)
  }

  private func surface(_ identify: Identify, _ rates: OpenAPISurface.Rates, _ secret: [UInt8]) -> OpenAPISurface {
    let time = SystemSources.time
    return OpenAPISurface(
      endpoints: OpenAPISurface.endpoints(of: contexts.accounts, rates: rates, time: time)
        + OpenAPISurface.endpoints(of: contexts.estate) + OpenAPISurface.endpoints(of: contexts.devices)
        + OpenAPISurface.endpoints(of: contexts.alarms) + OpenAPISurface.endpoints(of: contexts.privacy)
        + OpenAPISurface.endpoints(of: contexts.audit) + OpenAPISurface.endpoints(of: contexts.identities)
        + OpenAPISurface.endpoints(of: contexts.provisioning)
        + OpenAPISurface.endpoints(
          of: feed, journal: journal, identify: identify,
          reach: EventReach(alarms: contexts.alarms, devices: contexts.devices), time: time),
      cursors: Cursors(secret: secret), rates: rates, time: time)
  }

  private func console(_ identify: Identify, _ rates: OpenAPISurface.Rates) throws -> Console {
    let accounts = contexts.accounts
    let door = SessionDoor(
      signIn: { name, password, origin in
        let opened = try await accounts.signIn(name: name, password: password, from: origin)
        return SessionDoor.Opened(token: opened.token, secondsMax: opened.secondsMax)
      },
      signOut: { try await accounts.signOut(token: $0) })
    let vendor = configuration.vendorFolder.path
    guard FileManager.default.fileExists(atPath: vendor) else { throw ServerError.assetsMissing(path: vendor) }
    return try Console(
      services: .init(
        accounts: accounts, estate: contexts.estate, devices: contexts.devices, alarms: contexts.alarms,
        privacy: contexts.privacy, audit: contexts.audit, identities: contexts.identities,
        provisioning: contexts.provisioning, journal: journal),
      door: door, identify: identify, rates: rates, vendorFolder: vendor,
      time: SystemSources.time, ids: SystemSources.ids, offsetMinutes: configuration.zoneMinutes)
  }

  private static func tls(_ certificates: PlatformCertificates) throws -> TLSConfiguration {
    let chain = try NIOSSLCertificate.fromPEMFile(certificates.serverCertificateFile.path)
    let key = try NIOSSLPrivateKey(file: certificates.serverKeyFile.path, format: .pem)
    var tls = TLSConfiguration.makeServerConfiguration(
      certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
    tls.minimumTLSVersion = .tlsv12
    return tls
  }
}
