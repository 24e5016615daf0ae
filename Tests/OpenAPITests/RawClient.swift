import NIOCore
import NIOPosix
import Synchronization
import TestSupport

/// A TCP connection that sends bytes as a test wishes, and reads what comes.
final class RawClient: Sendable {
  private let channel: NIOAsyncChannel<ByteBuffer, ByteBuffer>

  private init(_ channel: NIOAsyncChannel<ByteBuffer, ByteBuffer>) {
    self.channel = channel
  }

  /// Connects to the server on this machine, and gives the conversation to the body.
  ///
  /// - Parameter secondsMax: the body is cancelled after so long, so that a failing test ends.
  static func connect<T: Sendable>(
    port: Int, secondsMax: Int = Patience.seconds,
    _ body: @escaping @concurrent @Sendable (inout Conversation) async throws -> T
  ) async throws -> T {
    let channel = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
      .connect(host: "127.0.0.1", port: port) { channel in
        channel.eventLoop.makeCompletedFuture {
          try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
        }
      }
    return try await withThrowingTaskGroup(of: T.self) { group in
      group.addTask {
        let value = Mutex<T?>(nil)
        do {
          try await channel.executeThenClose { inbound, outbound in
            var conversation = Conversation(reader: inbound.makeAsyncIterator(), outbound: outbound)
            let result = try await body(&conversation)
            value.withLock { $0 = result }
          }
        } catch {
          // A server that hung up first makes closing fail; the conversation was over by then.
          guard value.withLock({ $0 != nil }) else { throw error }
        }
        guard let value = value.withLock({ $0 }) else { throw TookTooLong() }
        return value
      }
      group.addTask {
        try await Task.sleep(for: .seconds(secondsMax))
        throw TookTooLong()
      }
      defer { group.cancelAll() }
      guard let value = try await group.next() else { throw TookTooLong() }
      return value
    }
  }

  struct TookTooLong: Error {}

  struct Conversation {
    var reader: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
    let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    /// What was read and not yet taken.
    var text = ""

    @concurrent func send(_ text: String) async throws { try await outbound.write(ByteBuffer(string: text)) }

    /// Reads until the text holds `mark`, and takes everything up to and with it.
    ///
    /// - Returns: nil when the connection ended first.
    @concurrent mutating func read(through mark: String) async throws -> String? {
      while true {
        if let range = text.firstRange(of: mark) {
          let taken = String(text[..<range.upperBound])
          text = String(text[range.upperBound...])
          return taken
        }
        guard let buffer = try await reader.next() else { return nil }
        text += String(buffer: buffer)
      }
    }

    /// Reads until the connection ends.
    @concurrent mutating func readToEnd() async -> String {
      while let buffer = try? await reader.next() { text += String(buffer: buffer) }
      defer { text = "" }
      return text
    }
  }
}
