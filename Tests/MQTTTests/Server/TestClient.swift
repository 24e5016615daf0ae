import MQTT
import NIOCore
import NIOPosix
import Synchronization

/// A client over `MQTTClientHandler`, whose events a test takes one by one.
final class TestClient: Sendable {
  private final class Events: Sendable {
    let stream: AsyncStream<MQTTClientMachine.Action>
    let continuation: AsyncStream<MQTTClientMachine.Action>.Continuation
    init() { (stream, continuation) = AsyncStream.makeStream() }
  }

  private let channel: any Channel
  private let handler: NIOLoopBound<MQTTClientHandler>
  private let events: Events

  private init(channel: any Channel, handler: NIOLoopBound<MQTTClientHandler>, events: Events) {
    self.channel = channel
    self.handler = handler
    self.events = events
  }

  static func connect(port: Int, version: MQTTVersion) async throws -> TestClient {
    let events = Events()
    let bound = Mutex<NIOLoopBound<MQTTClientHandler>?>(nil)
    let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          let machine = MQTTClientMachine(
            options: MQTTClientOptions(version: version, clientID: "machine", isClean: true))
          let handler = MQTTClientHandler(machine: machine) { events.continuation.yield($0) }
          bound.withLock { $0 = NIOLoopBound(handler, eventLoop: channel.eventLoop) }
          try channel.pipeline.syncOperations.addHandler(handler)
        }
      }
      .connect(host: "127.0.0.1", port: port).get()
    guard let handler = bound.withLock({ $0 }) else { throw ChannelError.inappropriateOperationForState }
    return TestClient(channel: channel, handler: handler, events: events)
  }

  /// Acts on the machine.
  func act(_ body: @escaping @Sendable (inout MQTTClientMachine, UInt64) -> [MQTTClientMachine.Action]) {
    channel.eventLoop.execute { [handler] in
      handler.value.perform { machine, now in ((), body(&machine, now)) }
    }
  }

  /// Takes events until one fits.
  ///
  /// - Returns: false when the connection ended before.
  func nextEvent(_ fits: (MQTTClientMachine.Action) -> Bool) async throws -> Bool {
    for await event in events.stream {
      if fits(event) { return true }
      if case .close = event { return false }
    }
    return false
  }

  func close() async { try? await channel.close() }
}
