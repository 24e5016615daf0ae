package import Devices
import KeyLadder
package import Logging
package import Provisioning
import ServiceLifecycle
import Synchronization

/// Agrees communication and session keys with devices beside their telemetry, and protects what is sensitive on its way
/// down to them.
///
/// Messages of one connection are taken in their order by one of a few workers, so that a storm of reconnecting devices
/// neither holds up the event loops nor asks the key service for everything at once.
///
/// - Source: clauses 9.4 b, 9.4 e and 9.2.2 b.
package final class KeyDesk: Service {
  /// Conversations go to so many workers.
  static let workers = 4
  /// Messages that wait for one worker; more are refused, and the device comes again.
  static let waitingMax = 20_000
  /// The longest message of an agreement.
  static let messageBytesMax = 512

  private struct Item: Sendable {
    let device: DeviceNumber
    let name: String
    let connection: ObjectIdentifier
    /// nil: the connection is gone.
    let message: [UInt8]?
    let reply: @Sendable ([UInt8]) -> Void
  }

  private struct Session: Sendable {
    let connection: ObjectIdentifier
    let session: ProtectedSession
  }

  private let provisioning: Provisioning
  private let platform: PlatformKey
  private let logger: Logger
  private let queues: [(stream: AsyncStream<Item>, continuation: AsyncStream<Item>.Continuation)]
  private let sessions = Mutex<[DeviceNumber: Session]>([:])

  package init(provisioning: Provisioning, platform: PlatformKey, logger: Logger) {
    self.provisioning = provisioning
    self.platform = platform
    self.logger = logger
    queues = (0..<Self.workers).map { _ in
      AsyncStream.makeStream(of: Item.self, bufferingPolicy: .bufferingOldest(Self.waitingMax))
    }
  }

  package func run() async throws {
    await cancelWhenGracefulShutdown {
      await withDiscardingTaskGroup { group in
        for (stream, _) in self.queues { group.addTask { await self.work(stream) } }
      }
    }
  }

  private func work(_ items: AsyncStream<Item>) async {
    var conversations: [DeviceNumber: (connection: ObjectIdentifier, conversation: KeyConversation)] = [:]
    for await item in items {
      guard let message = item.message else {
        if conversations[item.device]?.connection == item.connection { conversations[item.device] = nil }
        continue
      }
      if conversations[item.device]?.connection != item.connection {
        let made = KeyConversation(device: item.name, provisioning: provisioning, platform: platform)
        conversations[item.device] = (item.connection, made)
      }
      guard let conversation = conversations[item.device]?.conversation else { continue }
      conclude(item, await conversation.take(message))
    }
  }

  private func conclude(_ item: Item, _ outcome: KeyConversation.Outcome) {
    switch outcome {
    case .reply(let bytes): item.reply(bytes)
    case .renewed: break
    case .agreed(let session):
      sessions.withLock { $0[item.device] = Session(connection: item.connection, session: session) }
    case .refuse(let refusal):
      logger.notice(
        "key agreement refused", metadata: ["device.number": "\(item.device.value)", "refusal": "\(refusal)"])
      item.reply(refusal.message)
    }
  }

  // MARK: From the event loops

  /// Takes a device's message; from any thread.
  ///
  /// - Parameter reply: sends to the device's `down/key`, from any thread.
  /// - Returns: false when too many wait or the message is too long: the device comes again.
  func take(
    _ message: [UInt8], from device: DeviceNumber, _ name: DeviceName, over connection: DeviceConnection,
    reply: @escaping @Sendable ([UInt8]) -> Void
  ) -> Bool {
    guard message.count <= Self.messageBytesMax else { return false }
    let item = Item(
      device: device, name: name.description, connection: ObjectIdentifier(connection), message: message, reply: reply)
    guard case .enqueued = queue(device).yield(item) else { return false }
    return true
  }

  /// The connection is gone, and its sessions with it.
  func forget(_ devices: [DeviceNumber], over connection: DeviceConnection) {
    let id = ObjectIdentifier(connection)
    sessions.withLock { sessions in
      for device in devices where sessions[device]?.connection == id { sessions[device] = nil }
    }
    for device in devices {
      queue(device).yield(Item(device: device, name: "", connection: id, message: nil, reply: { _ in }))
    }
  }

  private func queue(_ device: DeviceNumber) -> AsyncStream<Item>.Continuation {
    queues[Int(device.value) % queues.count].continuation
  }

  // MARK: What goes down

  /// Protects a message for a device.
  ///
  /// - Parameter channel: the last word of its topic; the device needs the same to open it.
  /// - Returns: nil when no session is agreed over the device's present connection.
  func protect(_ payload: [UInt8], for device: DeviceNumber, channel: String) -> [UInt8]? {
    guard let session = sessions.withLock({ $0[device]?.session }) else { return nil }
    do {
      return try session.seal(payload, context: Array(channel.utf8))
    } catch {
      // Worn out: the device agrees a new one when it is told nothing.
      logger.notice("session of keys is worn out", metadata: ["device.number": "\(device.value)"])
      sessions.withLock { $0[device] = nil }
      return nil
    }
  }

  /// Whether a session is agreed; for tests and pages.
  package func hasSession(_ device: DeviceNumber) -> Bool { sessions.withLock { $0[device] != nil } }
}
