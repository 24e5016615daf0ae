import Logging
import MQTT
import NIOCore
import NIOPosix
import Synchronization
import TestSupport

/// A server on a free port of the loopback, on a clock that stands still until told. One event loop makes what it does
/// come in one order, which vectors rely on.
struct ConformanceBroker: VectorBroker {
  let port: Int
  let clients: any EventLoopGroup
  private let server: MQTTServer
  private let group: MultiThreadedEventLoopGroup
  private let clock: ManualClock
  /// Each broker has threads of its own.
  private static let places = Places(16)

  /// - Parameters:
  ///   - settings: of the vector's `broker` lines.
  ///   - loops: event loops of the server.
  static func start(_ settings: [NamedPacket.Field], loops: Int = 1) async throws -> ConformanceBroker {
    await places.take()
    do {
      return try await open(settings, loops: loops)
    } catch {
      await places.giveBack()
      throw error
    }
  }

  private static func open(_ settings: [NamedPacket.Field], loops: Int) async throws -> ConformanceBroker {
    let clock = ManualClock()
    let names = Mutex(0)
    let group = MultiThreadedEventLoopGroup(numberOfThreads: loops)
    var options = MQTTServerOptions { names.withLock { name in
      name += 1
      return "assigned-\(name)"
    } }
    options.clock = { clock.milliseconds }
    options.receiveMaximum = 1_000
    for setting in settings {
      switch setting.name {
      case "receive-maximum": options.receiveMaximum = try number(setting)
      case "maximum-packet": options.packetBytesMax = try number(setting)
      case "topic-alias-maximum": options.topicAliasMaximum = try number(setting)
      case "keep-alive-maximum": options.keepAliveSecondsMax = try number(setting)
      case "user", "password", "deny", "auth": break
      default: throw VectorFault("unknown setting \(setting.name)")
      }
    }
    let server = MQTTServer(
      group: group, delegate: ConformanceDelegate(settings), options: options, logger: Logger(label: "conformance"))
    let address = try await server.bind(host: "127.0.0.1", port: 0)
    return ConformanceBroker(
      port: address.port ?? 0, clients: MultiThreadedEventLoopGroup.singleton, server: server, group: group,
      clock: clock)
  }

  private static func number<N: FixedWidthInteger>(_ setting: NamedPacket.Field) throws(VectorFault) -> N {
    guard let number = N(setting.value) else { throw VectorFault("\(setting.name)=\(setting.value)") }
    return number
  }

  func advance(milliseconds: Int) async throws {
    // A client sees the end of its connection a moment before the broker notes the time of it.
    await server.timePassed()
    clock.advance(milliseconds: milliseconds)
    await server.timePassed()
  }

  func stop() async throws {
    await server.close()
    try await group.shutdownGracefully()
    await Self.places.giveBack()
  }
}

/// Monotonic milliseconds that move when told.
final class ManualClock: Sendable {
  private let now = Mutex<UInt64>(1_000_000)

  var milliseconds: UInt64 { now.withLock { $0 } }

  func advance(milliseconds: Int) { now.withLock { $0 += UInt64(milliseconds) } }
}

/// The open broker with a password, forbidden topics or an authentication method where a vector asks for them.
private final class ConformanceDelegate: MQTTServerDelegate {
  private let open = OpenBroker()
  private let user: MQTTString?
  private let password: [UInt8]?
  /// Topics and filters that begin with this are refused.
  private let denied: [UInt8]?
  /// An enhanced authentication that challenges with `question` and wants `answer`.
  private let method: MQTTString?

  init(_ settings: [NamedPacket.Field]) {
    func text(_ name: String) -> String? { settings.first { $0.name == name }?.value }
    user = text("user").map { MQTTString($0) }
    password = text("password").map { Array($0.utf8) }
    denied = text("deny").map { Array($0.utf8) }
    method = text("auth").map { MQTTString($0) }
  }

  func connect(_ request: MQTTConnectRequest) -> MQTTConnectAnswer {
    if let method, request.packet.properties.authenticationMethod == method {
      return .challenge(Array("question".utf8))
    }
    if let user, request.packet.userName != user || request.packet.password != password {
      return .refuse(.badUserNameOrPassword, [.reasonString("user name or password")])
    }
    if let will = request.packet.will, isDenied(will.topic.utf8) { return .refuse(.notAuthorized) }
    return open.connect(request)
  }

  func authenticate(_ step: AuthPacket, request: MQTTConnectRequest, session: MQTTSession?) -> MQTTConnectAnswer {
    switch step.properties.authenticationData {
    case Array("answer".utf8): .accept(MQTTAcceptance(authenticationData: Array("welcome".utf8)))
    case Array("again".utf8), nil: .challenge(Array("question".utf8))
    default: .refuse(.notAuthorized)
    }
  }

  func subscribe(_ filter: MQTTString, qos: MQTTQoS, session: MQTTSession) -> MQTTReasonCode {
    isDenied(filter.utf8) ? .notAuthorized : open.subscribe(filter, qos: qos, session: session)
  }

  func publish(_ publish: MQTTPublishView, from session: MQTTSession) -> MQTTPublishAnswer {
    isDenied(publish.topic) ? .refused(.notAuthorized) : open.publish(publish, from: session)
  }

  private func isDenied(_ topic: some Sequence<UInt8>) -> Bool {
    denied.map { topic.starts(with: $0) } ?? false
  }
}
