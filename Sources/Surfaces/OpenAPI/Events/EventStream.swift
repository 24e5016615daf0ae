import Foundation
import Hummingbird
import Kernel
import Logging
import NIOCore
import ServiceLifecycle

/// One client's stream of server-sent events, from a place in the journal on.
///
/// - Source: HTML Living Standard, section 9.2.
struct EventStream: Sendable {
  /// Events written at once.
  static let batchMax = 200

  let feed: EventFeed
  let journal: Journal
  let time: Timekeeper
  let identify: Identify
  let reach: EventReach
  let caller: Caller
  let topics: Set<EventTopic>
  let channel: any Channel
  let logger: Logger

  private enum Signal: Sendable {
    case wake
    case beat
  }

  private enum End: String {
    case session
    case shutdown
    case failed
  }

  /// Writes until the client goes, its session ends, or the server stops.
  @concurrent func write(from start: Int64, to writer: inout any ResponseBodyWriter) async throws {
    // Listening begins before the first read, so that nothing falls between.
    let wakes = feed.wakes()
    let (signals, bell) = AsyncStream.makeStream(of: Signal.self, bufferingPolicy: .bufferingNewest(4))
    try await send("retry: 2000\nid: \(start)\nevent: ready\ndata: {}\n\n", to: &writer)
    let end = try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { for await _ in wakes { bell.yield(.wake) } }
      group.addTask { [time] in
        while !Task.isCancelled {
          try await time.sleep(for: Limits.heartbeat)
          bell.yield(.beat)
        }
      }
      bell.yield(.wake)
      let end = try await follow(signals, from: start, to: &writer)
      group.cancelAll()
      return end
    }
    try await send("event: end\ndata: {\"reason\":\"\(end.rawValue)\"}\n\n", to: &writer)
  }

  @concurrent private func follow(
    _ signals: AsyncStream<Signal>, from start: Int64, to writer: inout any ResponseBodyWriter
  ) async throws -> End {
    var position = start
    var told = start
    var checkedAt = time.now()
    for await signal in signals.cancelOnGracefulShutdown() {
      do {
        position = try await give(after: position, told: &told, to: &writer)
        if case .beat = signal {
          try await send(told == position ? ": alive\n\n" : "id: \(position)\n\n", to: &writer)
          told = position
        }
        if time.now().microseconds(since: checkedAt) >= Self.checkMicroseconds {
          guard try await isStillAllowed() else { return .session }
          checkedAt = time.now()
        }
      } catch is StoreFailure {
        logger.warning("event stream ends, the store does not answer")
        return .failed
      }
    }
    return .shutdown
  }

  private static let checkMicroseconds = Limits.streamCheckTime.components.seconds * 1_000_000

  /// Writes all that is new.
  ///
  /// - Returns: the place up to which everything is written.
  @concurrent private func give(
    after start: Int64, told: inout Int64, to writer: inout any ResponseBodyWriter
  ) async throws -> Int64 {
    var position = start
    while true {
      let batch = try await next(after: position)
      position = batch.position
      if let last = batch.entries.last {
        let entries = try await reach.cut(batch.entries, caller.principal)
        if !entries.isEmpty { try await send(entries.map(frame).joined(), to: &writer) }
        told = entries.isEmpty ? told : last.sequence
      }
      if batch.isWhole { return position }
    }
  }

  private func next(after position: Int64) async throws -> EventBatch {
    let kinds = topics.reduce(into: Set<String>()) { $0.formUnion($1.kinds) }
    let organisation = caller.principal.organisation
    let recent = feed.recent(after: position, kinds: kinds, organisation: organisation, limit: Self.batchMax)
    if let recent { return recent }
    let head = try await journal.last()
    let entries = try await journal.read(
      after: position, kinds: kinds, organisation: organisation, limit: Self.batchMax)
    guard entries.count == Self.batchMax, let last = entries.last else {
      return EventBatch(entries: entries, position: max(position, head, entries.last?.sequence ?? 0), isWhole: true)
    }
    return EventBatch(entries: entries, position: last.sequence, isWhole: false)
  }

  private func frame(_ entry: JournalEntry) -> String {
    // The body is JSON on one line, as the journal wrote it.
    let body = String(decoding: entry.body, as: UTF8.self)
    return """
      id: \(entry.sequence)
      event: \(entry.kind)
      data: {"at":"\(entry.at)","subject":"\(entry.subject)","body":\(body)}


      """
  }

  /// Writes, and closes the connection when the client does not read: it comes back and goes on where it was.
  @concurrent private func send(_ text: String, to writer: inout any ResponseBodyWriter) async throws {
    let deadline = channel.eventLoop.scheduleTask(in: TimeAmount(Limits.streamWriteTime)) { [channel, logger] in
      logger.info("event stream's client reads too slowly")
      channel.close(mode: .all, promise: nil)
    }
    defer { deadline.cancel() }
    try await writer.write(ByteBuffer(string: text))
  }

  private func isStillAllowed() async throws -> Bool {
    guard let principal = try await identify.principal(of: caller) else { return false }
    // With other rights the client comes again, and is told by them.
    return principal.grants == caller.principal.grants
      && topics.allSatisfy { principal.permissions.contains($0.permission) }
  }
}
