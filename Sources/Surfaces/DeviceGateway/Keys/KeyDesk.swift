package import Devices
package import Guomi
import KeyLadder
package import Kernel
package import Logging
package import Provisioning
import ServiceLifecycle
import Synchronization

/// Agrees communication and session keys with devices beside their telemetry, and protects what is sensitive on its way
/// down to them and up from them.
///
/// Messages of one connection are taken in their order by one of a few workers, so that a storm of reconnecting devices
/// neither holds up the event loops nor asks the key service for everything at once.
///
/// - Source: clauses 9.4 b, 9.4 e and 9.2.2 b.
package final class KeyDesk: Service {
  /// Conversations go to so many workers; each has at most one question at the key service, which answers them
  /// together.
  static let workers = 16
  /// Messages that wait for one worker; more are refused, and the device comes again.
  static let waitingMax = 5_000
  /// From so many waiting messages on, devices are asked to offer the way without signatures.
  package static let stormCount = 512
  /// The longest message of an agreement.
  static let messageBytesMax = 512

  fileprivate struct Item: Sendable {
    let device: DeviceNumber
    let name: String
    let connection: ObjectIdentifier
    /// nil: the connection is gone.
    let message: [UInt8]?
    let reply: @Sendable ([UInt8]) -> Void
    /// A session is agreed: what waited for it can go.
    let agreed: @Sendable () -> Void
  }

  fileprivate struct Session: Sendable {
    let name: String
    let connection: ObjectIdentifier
    let session: ProtectedSession
    let epoch: KeyEpoch
    let way: AgreementWay
    let since: Instant
    /// The session before: opens what the device had protected before it knew that this one counts. Goes when something
    /// comes in this one.
    var previous: (session: ProtectedSession, epoch: KeyEpoch)?
    /// Sends to the device's `down/key`.
    let reply: @Sendable ([UInt8]) -> Void
  }

  fileprivate struct State {
    var sessions: [DeviceNumber: Session] = [:]
    /// Devices that have a key, or had one that leaked: nothing sensitive goes to them unprotected.
    var keyed: Set<String> = []
    var aftermath = StormAftermath()
  }

  private let provisioning: Provisioning
  private let random: RandomSource
  private let journal: Journal?
  private let logger: Logger
  private let remembered: RememberedKeys
  private let queues: [(stream: AsyncStream<Item>, continuation: AsyncStream<Item>.Continuation)]
  private let state = Mutex(State())
  private let waiting = Atomic(0)
  private let isStorm: @Sendable (_ messagesCount: Int) -> Bool

  /// - Parameters:
  ///   - journal: followed for keys that are given and withdrawn; nil where a test does that.
  ///   - isStorm: whether so many waiting messages are a storm.
  package init(
    provisioning: Provisioning, random: RandomSource, journal: Journal? = nil, logger: Logger,
    isStorm: @escaping @Sendable (Int) -> Bool = { $0 >= KeyDesk.stormCount }
  ) {
    self.isStorm = isStorm
    self.provisioning = provisioning
    self.random = random
    self.journal = journal
    self.logger = logger
    remembered = RememberedKeys(provisioning)
    queues = (0..<Self.workers).map { _ in
      AsyncStream.makeStream(of: Item.self, bufferingPolicy: .bufferingOldest(Self.waitingMax))
    }
  }

  /// Reads which devices have keys; to be called before devices come in.
  package func open() async throws {
    provisioning.sessions.attach { [weak self] device in self?.session(named: device) }
    let keyed = try await provisioning.keyedDevices()
    state.withLock { $0.keyed = keyed }
  }

  package func run() async throws {
    await cancelWhenGracefulShutdown {
      await withDiscardingTaskGroup { group in
        for (stream, _) in self.queues { group.addTask { await self.work(stream) } }
        if let journal = self.journal { group.addTask { await self.follow(journal) } }
        group.addTask { await self.tidyUp() }
      }
    }
  }

  private func work(_ items: AsyncStream<Item>) async {
    var conversations: [DeviceNumber: (connection: ObjectIdentifier, conversation: KeyConversation)] = [:]
    for await item in items {
      waiting.subtract(1, ordering: .relaxed)
      guard let message = item.message else {
        if conversations[item.device]?.connection == item.connection { conversations[item.device] = nil }
        continue
      }
      if conversations[item.device]?.connection != item.connection {
        let made = KeyConversation(
          device: item.name, provisioning: provisioning, random: random, remembered: remembered)
        conversations[item.device] = (item.connection, made)
      }
      guard let conversation = conversations[item.device]?.conversation else { continue }
      let isStorm = self.isStorm(waiting.load(ordering: .relaxed))
      conclude(item, await conversation.take(message, isStorm: isStorm))
    }
  }

  private func conclude(_ item: Item, _ outcome: KeyConversation.Outcome) {
    switch outcome {
    case .reply(let bytes): item.reply(bytes)
    case .renewed: state.withLock { _ = $0.keyed.insert(item.name) }
    case .agreed(let agreed):
      state.withLock { state in
        state.keyed.insert(item.name)
        state.take(agreed, item, at: provisioning.now)
      }
      item.reply(agreed.message)
      item.agreed()
    case .refuse(let refusal):
      logger.notice(
        "key agreement refused", metadata: ["device.number": "\(item.device.value)", "refusal": "\(refusal)"])
      item.reply(refusal.message)
    }
  }

  // MARK: From the event loops

  /// Takes a device's message; from any thread.
  ///
  /// - Parameters:
  ///   - connection: over which it came; a session is of one connection.
  ///   - reply: sends to the device's `down/key`, from any thread.
  ///   - agreed: a session is agreed.
  /// - Returns: false when too many wait or the message is too long: the device comes again.
  package func take(
    _ message: [UInt8], from device: DeviceNumber, _ name: String, over connection: AnyObject,
    reply: @escaping @Sendable ([UInt8]) -> Void, agreed: @escaping @Sendable () -> Void
  ) -> Bool {
    guard message.count <= Self.messageBytesMax else { return false }
    let item = Item(
      device: device, name: name, connection: ObjectIdentifier(connection), message: message, reply: reply,
      agreed: agreed)
    return yield(item)
  }

  private func yield(_ item: Item) -> Bool {
    guard case .enqueued = queues[Int(item.device.value) % queues.count].continuation.yield(item) else { return false }
    waiting.add(1, ordering: .relaxed)
    return true
  }

  /// The connection is gone, and its sessions with it.
  func forget(_ devices: [DeviceNumber], over connection: DeviceConnection) {
    let id = ObjectIdentifier(connection)
    state.withLock { state in
      for device in devices where state.sessions[device]?.connection == id { state.end(device) }
    }
    for device in devices {
      _ = yield(Item(device: device, name: "", connection: id, message: nil, reply: { _ in }, agreed: {}))
    }
  }

  // MARK: Protected messages

  /// The session of a device that counts now: one whose epoch is over counts no more.
  private func session(_ device: DeviceNumber, over connection: ObjectIdentifier? = nil) -> ProtectedSession? {
    guard let found = state.withLock({ $0.sessions[device] }), connection == nil || connection == found.connection
    else { return nil }
    if provisioning.isAccepted(found.epoch) { return found.session }
    end(device)
    return nil
  }

  /// For pages: seldom, so all are looked through.
  private func session(named name: String) -> KeySession? {
    let found = state.withLock { state in state.sessions.values.first { $0.name == name } }
    guard let found, provisioning.isAccepted(found.epoch) else { return nil }
    return KeySession(epoch: found.epoch, way: found.way, since: found.since)
  }

  private func end(_ device: DeviceNumber) { state.withLock { $0.end(device) } }

  /// Protects a message for a device.
  ///
  /// - Parameter channel: the last word of its topic; the device needs the same to open it.
  /// - Returns: nil when no session is agreed over the device's present connection.
  func protect(_ payload: [UInt8], for device: DeviceNumber, channel: String) -> [UInt8]? {
    guard let session = session(device) else { return nil }
    do {
      return try session.seal(payload, context: Array(channel.utf8))
    } catch {
      // Worn out: the device agrees a new one when it is told nothing.
      logger.notice("session of keys is worn out", metadata: ["device.number": "\(device.value)"])
      end(device)
      return nil
    }
  }

  /// What became of a protected message that came up.
  enum Opened {
    case plain([UInt8])
    /// There is no session for it: the device agrees one and sends it again.
    case again
    /// Changed, repeated or of another session.
    case refused
  }

  /// Opens a device's message, once.
  func open(
    _ sealed: [UInt8], from device: DeviceNumber, over connection: DeviceConnection, channel: String
  ) -> Opened {
    guard let session = session(device, over: ObjectIdentifier(connection)) else { return .again }
    let context = Array(channel.utf8)
    do throws(KeyLadderError) {
      let opened = try session.open(sealed, context: context)
      state.withLock { $0.sessions[device]?.previous = nil }
      return .plain(opened)
    } catch {
      if error == .session, let opened = openInPrevious(sealed, device, context) { return .plain(opened) }
      logger.warning(
        "protected message refused", metadata: ["device.number": "\(device.value)", "reason": "\(error)"])
      return error == .wornOut ? .again : .refused
    }
  }

  private func openInPrevious(_ sealed: [UInt8], _ device: DeviceNumber, _ context: [UInt8]) -> [UInt8]? {
    guard let previous = state.withLock({ $0.sessions[device]?.previous }), provisioning.isAccepted(previous.epoch)
    else { return nil }
    return try? previous.session.open(sealed, context: context)
  }

  /// Whether nothing sensitive may go to a device without protection.
  func isKeyed(_ name: DeviceName) -> Bool { state.withLock { $0.keyed.contains(name.description) } }

  /// Whether a session is agreed; for tests and pages.
  package func hasSession(_ device: DeviceNumber) -> Bool { session(device) != nil }
}

extension KeyDesk.State {
  /// The device's session from now on.
  fileprivate mutating func take(
    _ agreed: KeyConversation.Agreed, _ item: KeyDesk.Item, at now: Instant
  ) {
    let before = sessions[item.device].flatMap { $0.connection == item.connection ? ($0.session, $0.epoch) : nil }
    sessions[item.device] = KeyDesk.Session(
      name: item.name, connection: item.connection, session: agreed.session, epoch: agreed.epoch,
      way: agreed.way, since: now, previous: before, reply: item.reply)
    if agreed.isOfStorm { aftermath.add(item.device, at: now) } else { aftermath.remove(item.device) }
  }

  fileprivate mutating func end(_ device: DeviceNumber) {
    sessions[device] = nil
    aftermath.remove(device)
  }
}

extension KeyDesk {
  private static let tidyUpPeriod: Duration = .seconds(1)

  /// Once a second, on the platform's clock.
  private func tidyUp() async {
    while !Task.isCancelled {
      do { try await provisioning.sleep(for: Self.tidyUpPeriod) } catch { return }
      inviteAfterStorm()
    }
  }

  /// Lets some devices whose sessions a storm left in way (a) offer way (b), when the storm is over. The session of
  /// before serves until the new one is agreed, and on if that fails.
  func inviteAfterStorm() {
    let messagesCount = waiting.load(ordering: .relaxed)
    let now = provisioning.now
    let replies = state.withLock { state in
      state.aftermath.due(messagesCount: messagesCount, at: now).compactMap { state.sessions[$0]?.reply }
    }
    guard !replies.isEmpty else { return }
    for reply in replies { reply(KeyConversation.invitation) }
    logger.info("sessions of a storm are replaced", metadata: ["devices.count": "\(replies.count)"])
  }

  /// Devices whose sessions are of a storm and are still to be replaced.
  package var stormSessionsCount: Int { state.withLock { $0.aftermath.count } }
}

extension KeyDesk {
  /// A key that is withdrawn ends its session at once; a device that gets one is spoken to with protection from then
  /// on.
  private func follow(_ journal: Journal) async {
    var cursor = (try? await journal.last()) ?? 0
    // What happened between `open` and now.
    try? await open()
    for await _ in journal.changes() {
      var page: [JournalEntry] = []
      repeat {
        guard let read = try? await journal.read(after: cursor, kinds: Self.kinds, limit: 1_000) else { break }
        page = read
        for entry in page {
          cursor = entry.sequence
          if let event = try? entry.decode(DeviceKeyChanged.self) { take(event) }
          if let event = try? entry.decode(DeviceEpochsEnded.self) {
            // It does not know: without this it would agree another session at the end of the epoch only.
            for session in endSession(event.device, event.key) { session.reply(KeyConversation.Refusal.renew.message) }
          }
        }
      } while page.count == 1_000
    }
  }

  private static let kinds: Set<String> = [DeviceKeyChanged.kind, DeviceEpochsEnded.kind]

  /// - Returns: those that were.
  @discardableResult
  private func endSession(_ device: String, _ key: ID<DeviceKeyRecord>) -> [Session] {
    remembered.forget(key)
    return state.withLock { state in
      let ended = state.sessions.filter { $0.value.name == device }
      for number in ended.keys { state.end(number) }
      return Array(ended.values)
    }
  }

  private func take(_ event: DeviceKeyChanged) {
    let isWithdrawn =
      switch DeviceKeyRecord.State(rawValue: event.state) {
      case .compromised, .retired: true
      default: false
      }
    state.withLock { state in
      if event.state == DeviceKeyRecord.State.retired.rawValue {
        state.keyed.remove(event.device)
      } else {
        state.keyed.insert(event.device)
      }
    }
    if isWithdrawn { endSession(event.device, event.key) }
  }
}
