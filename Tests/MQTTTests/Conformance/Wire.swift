import NIOCore
import NIOPosix
import Synchronization
import TestSupport

/// The client's end of a TCP connection: bytes out, bytes in, each wait with a time limit.
final class Wire: Sendable {
  private let channel: any Channel
  private let inbox: Inbox
  private let pieces: Pieces
  private let aliases = Mutex(Aliases())

  /// The topics that the server gave short numbers on this connection.
  private struct Aliases {
    var maximum = 0
    var topics: [Int: String] = [:]
  }

  private init(channel: any Channel, inbox: Inbox, pieces: Pieces) {
    self.channel = channel
    self.inbox = inbox
    self.pieces = pieces
  }

  static func connect(port: Int, on group: any EventLoopGroup, pieces: Pieces) async throws -> Wire {
    let inbox = Inbox()
    let channel = try await ClientBootstrap(group: group)
      .channelOption(.tcpOption(.tcp_nodelay), value: 1)
      .channelOption(.allowRemoteHalfClosure, value: false)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(InboxHandler(inbox: inbox))
        }
      }
      .connect(host: "127.0.0.1", port: port).get()
    return Wire(channel: channel, inbox: inbox, pieces: pieces)
  }

  /// Sends; that the broker may have closed meanwhile shows in what comes back, not here.
  func send(_ bytes: [UInt8]) async {
    let whole = ByteBuffer(bytes: bytes)
    guard pieces == .single else {
      _ = try? await channel.writeAndFlush(whole).get()
      return
    }
    for index in 0..<min(bytes.count, Wire.singleMax) {
      guard let byte = whole.getSlice(at: index, length: 1) else { break }
      _ = try? await channel.writeAndFlush(byte).get()
    }
    let rest = bytes.dropFirst(Wire.singleMax)
    if !rest.isEmpty { _ = try? await channel.writeAndFlush(ByteBuffer(bytes: rest)).get() }
  }

  /// In which pieces bytes go to the broker.
  enum Pieces: Sendable {
    /// A packet a write.
    case whole
    /// A byte a write, for the first bytes of each packet.
    case single
  }

  /// So many bytes of a packet go one by one, the rest at once.
  private static let singleMax = 48

  /// The next bytes, exactly so many.
  func read(_ count: Int) async throws -> [UInt8] {
    try await outcome { state in
      if state.bytes.count >= count {
        let taken = Array(state.bytes.prefix(count))
        state.bytes.removeFirst(count)
        return .success(taken)
      }
      let have = NamedPacket.hex(state.bytes)
      if state.closed { return .failure(VectorFault("closed after [\(have)], \(count) bytes wanted")) }
      return nil
    }
  }

  /// The next whole packet.
  func readPacket() async throws -> [UInt8] {
    try await outcome { state in
      if let length = state.packetLength {
        let taken = Array(state.bytes.prefix(length))
        state.bytes.removeFirst(length)
        return .success(taken)
      }
      let have = NamedPacket.hex(state.bytes)
      return state.closed ? .failure(VectorFault("closed after [\(have)], a packet wanted")) : nil
    }
  }

  /// Puts packets back before all else that waits.
  func putBack(_ packets: [[UInt8]]) { inbox.putBack(packets.flatMap(\.self)) }

  /// Waits for the end of the connection; whatever arrives before is a fault.
  func readEnd() async throws {
    try await outcome { state -> Result<Void, VectorFault>? in
      if !state.bytes.isEmpty {
        return .failure(VectorFault("[\(NamedPacket.hex(state.bytes.prefix(64)))] instead of the end"))
      }
      return state.closed ? .success(()) : nil
    }
  }

  /// Waits for a byte or the end, and says whether it was the end.
  func hasEnded() async -> Bool {
    let ended = try? await outcome { state -> Result<Bool, VectorFault>? in
      if !state.bytes.isEmpty { return .success(false) }
      return state.closed ? .success(true) : nil
    }
    return ended ?? false
  }

  /// Ends the sending side and waits until the broker has ended its own: then it knows.
  func drop() async throws {
    _ = try? await channel.close(mode: .output).get()
    try await outcome { state -> Result<Void, VectorFault>? in state.closed ? .success(()) : nil }
  }

  /// The Topic Alias Maximum of CONNECT; 0 forbids aliases.
  func allowAliases(_ maximum: Int) { aliases.withLock { $0.maximum = maximum } }

  /// Takes a topic alias out of a PUBLISH and puts the topic in [5.0 MQTT-3.1.2-26] [5.0 MQTT-3.1.2-27].
  func resolveAlias(_ publish: inout NamedPacket) throws(VectorFault) {
    guard let value = publish.value("topic-alias") else { return }
    let alias = try NamedPacket.number(value, of: "topic-alias")
    let known = aliases.withLock { $0.topics[alias] }
    guard alias > 0, alias <= aliases.withLock({ $0.maximum }) else {
      throw VectorFault("alias out of range: \(publish)")
    }
    if publish.value("topic") == "" {
      guard let known else { throw VectorFault("alias without a topic: \(publish)") }
      publish.fields = publish.fields.map { $0.name == "topic" ? .init(name: "topic", value: known) : $0 }
    } else {
      aliases.withLock { $0.topics[alias] = publish.value("topic") }
    }
    publish.fields.removeAll { $0.name == "topic-alias" }
  }

  func close() async { _ = try? await channel.close().get() }

  private func outcome<T: Sendable>(
    until ready: @escaping @Sendable (inout Inbox.State) -> Result<T, VectorFault>?
  ) async throws -> T {
    let late = channel.eventLoop.scheduleTask(in: .seconds(Int64(Patience.seconds))) { [inbox] in inbox.giveUp() }
    defer { late.cancel() }
    return try await inbox.outcome(until: ready).get()
  }
}

/// What has arrived and is not yet read, and the one reader that waits for more.
final class Inbox: Sendable {
  struct State {
    var bytes: [UInt8] = []
    var closed = false
    var late = false
    var waiter: CheckedContinuation<Void, Never>?

    /// The length of the packet that stands first, when all of it is there.
    var packetLength: Int? {
      guard bytes.count >= 2 else { return nil }
      var length = 0
      for index in 1..<min(bytes.count, 5) {
        length |= Int(bytes[index] & 0x7f) << (7 * (index - 1))
        if bytes[index] & 0x80 == 0 {
          let whole = index + 1 + length
          return bytes.count >= whole ? whole : nil
        }
      }
      return nil
    }
  }

  private let state = Mutex(State())

  func add(_ bytes: [UInt8]) { change { $0.bytes += bytes } }
  func putBack(_ bytes: [UInt8]) { change { $0.bytes = bytes + $0.bytes } }
  func end() { change { $0.closed = true } }
  func giveUp() { change { $0.late = true } }

  private func change(_ body: (inout State) -> Void) {
    let waiter = state.withLock { state in
      body(&state)
      defer { state.waiter = nil }
      return state.waiter
    }
    waiter?.resume()
  }

  func outcome<T: Sendable>(
    until ready: @Sendable (inout State) -> Result<T, VectorFault>?
  ) async -> Result<T, VectorFault> {
    while true {
      let answer: Result<T, VectorFault>? = state.withLock { state in
        if let answer = ready(&state) { return answer }
        return state.late ? .failure(VectorFault("nothing came within the time limit")) : nil
      }
      if let answer { return answer }
      await withCheckedContinuation { continuation in
        let stale = state.withLock { state in
          var probe = state
          if state.late || ready(&probe) != nil { return true }
          state.waiter = continuation
          return false
        }
        if stale { continuation.resume() }
      }
    }
  }
}

private final class InboxHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  private let inbox: Inbox

  init(inbox: Inbox) { self.inbox = inbox }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    inbox.add(Array(unwrapInboundIn(data).readableBytesView))
  }

  func channelInactive(context: ChannelHandlerContext) { inbox.end() }

  func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
