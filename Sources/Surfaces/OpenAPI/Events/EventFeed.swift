package import Kernel
package import Logging
import ServiceLifecycle
import Synchronization

/// Reads the journal once for all event streams of this process, and keeps the newest entries in memory.
///
/// A stream takes what is new to it from memory; one that was away for longer, or reads slowly, takes it from the
/// journal. So nothing is ever lost, and no client has a buffer of its own.
package final class EventFeed: Service, Sendable {
  private struct Ring {
    /// Entries of all topics after `floor` and up to `head`, oldest first.
    var entries: [JournalEntry] = []
    var floor: Int64
    var head: Int64
    var listeners: [UInt64: AsyncStream<Void>.Continuation] = [:]
    var next: UInt64 = 0
    /// Of all entries' bodies.
    var bytes = 0

    /// Forgets the older half: half at a time, so that dropping costs little an entry.
    mutating func dropHalf() {
      let surplus = entries.count - entries.count / 2
      floor = entries[surplus - 1].sequence
      entries.removeFirst(surplus)
      bytes = entries.reduce(0) { $0 + $1.body.count }
    }
  }

  /// Bytes of bodies kept in memory before the older half is forgotten.
  private static let bytesMax = 16 * 1024 * 1024

  private let journal: Journal
  private let time: Timekeeper
  private let logger: Logger
  private let entriesMax: Int
  private let ring = Mutex<Ring?>(nil)

  /// - Parameter entriesMax: entries kept in memory, at least 1.
  package init(journal: Journal, time: Timekeeper, logger: Logger, entriesMax: Int = 4_096) {
    self.journal = journal
    self.time = time
    self.logger = logger
    self.entriesMax = max(1, entriesMax)
  }

  package func run() async throws {
    await cancelWhenGracefulShutdown { [self] in
      let changes = journal.changes()
      while !Task.isCancelled {
        do {
          try await start()
          try await catchUp()
          for await _ in changes { try await catchUp() }
          return
        } catch {
          if Task.isCancelled { return }
          logger.warning("event feed waits for the store", metadata: ["error": "\(error)"])
          try? await time.sleep(for: .seconds(1))
        }
      }
    }
  }

  /// What is new to a stream at `position`, in memory; nil when that reaches further back, or the feed has not begun.
  func recent(after position: Int64, kinds: Set<String>, organisation: ID<Organisation>, limit: Int) -> EventBatch? {
    ring.withLock { ring in
      guard let ring, position >= ring.floor else { return nil }
      guard position < ring.head else { return EventBatch(entries: [], position: position, isWhole: true) }
      var start = ring.entries.endIndex
      while start > 0, ring.entries[start - 1].sequence > position { start -= 1 }
      let wanted = ring.entries[start...].lazy.filter { $0.organisation == organisation && kinds.contains($0.kind) }
      let entries = Array(wanted.prefix(limit))
      guard entries.count == limit, let last = entries.last else {
        return EventBatch(entries: entries, position: ring.head, isWhole: true)
      }
      return EventBatch(entries: entries, position: last.sequence, isWhole: false)
    }
  }

  /// A value after each change; one only when several came in between. Ends with its task.
  func wakes() -> AsyncStream<Void> {
    let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    let key = ring.withLock { ring -> UInt64 in
      var value = ring ?? Ring(floor: .max, head: 0)
      value.next += 1
      value.listeners[value.next] = continuation
      ring = value
      return value.next
    }
    continuation.onTermination = { [weak self] _ in self?.forget(key) }
    return stream
  }

  /// How many streams listen.
  package var listenersCount: Int { ring.withLock { $0?.listeners.count ?? 0 } }

  private func forget(_ key: UInt64) {
    ring.withLock { ring in _ = ring?.listeners.removeValue(forKey: key) }
  }

  /// Begins at the journal's end; once.
  private func start() async throws {
    let isBegun = ring.withLock { ($0?.floor ?? .max) != .max }
    guard !isBegun else { return }
    let last = try await journal.last()
    ring.withLock { ring in
      var value = ring ?? Ring(floor: last, head: last)
      value.floor = last
      value.head = last
      ring = value
    }
  }

  private func catchUp() async throws {
    while true {
      let head = ring.withLock { $0?.head ?? 0 }
      // What is committed up to here is seen by the read that follows.
      let last = try await journal.last()
      guard last > head else { return }
      let found = try await journal.read(
        after: head, kinds: EventTopic.allKinds, organisation: nil, limit: Self.readMax)
      let isWhole = found.count < Self.readMax
      let end = found.last?.sequence ?? last
      append(found, head: isWhole ? max(last, end) : end)
      if isWhole { return }
    }
  }

  private static let readMax = 1_000

  private func append(_ found: [JournalEntry], head: Int64) {
    let listeners = ring.withLock { ring -> [AsyncStream<Void>.Continuation] in
      guard var value = ring.take() else { return [] }
      value.entries += found
      value.head = head
      value.bytes += found.reduce(0) { $0 + $1.body.count }
      if value.entries.count > entriesMax || value.bytes > Self.bytesMax { value.dropHalf() }
      let listeners = found.isEmpty ? [] : Array(value.listeners.values)
      ring = value
      return listeners
    }
    for listener in listeners { listener.yield() }
  }
}

/// Some entries for one stream.
struct EventBatch: Sendable {
  let entries: [JournalEntry]
  /// Everything of the stream's up to here has been given.
  let position: Int64
  /// Whether there was nothing more at that moment.
  let isWhole: Bool
}
