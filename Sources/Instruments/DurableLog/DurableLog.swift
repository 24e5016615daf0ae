import Dispatch
import Foundation
public import Logging
import Synchronization

/// An append-only log of batches in a SQLite file of its own. A batch is durable when its callback says so: the commit
/// that holds it has returned with `synchronous=FULL`.
///
/// One thread writes. It takes all that waits, urgent batches first, and commits it as one transaction; while it
/// commits, the next batches gather, so that the size of a commit follows the load by itself. A second thread writes
/// the write-ahead log back to the file. Readers see committed batches only.
///
/// A log must be closed: its threads keep it alive until then.
public final class DurableLog: Sendable {
  public let path: String
  public let options: Options
  let logger: Logger
  let queue: Mutex<Waiting>
  let wake = DispatchSemaphore(value: 0)
  /// Held for each commit; also by the checkpointer for its last, short pass.
  let writer: Mutex<Writer>
  let checkpoint: Mutex<SQLiteFile>
  let checkpointWake = DispatchSemaphore(value: 0)
  let urgentReader: Mutex<SQLiteFile>
  let bulkReader: Mutex<SQLiteFile>
  let counters: Mutex<Counters>
  let ended = DispatchSemaphore(value: 0)

  /// Opens a log, and makes the file when there is none.
  ///
  /// - Parameter path: the file's; its folder exists. No other process may have it open.
  /// - Throws: `.unknownFormat`, `.notDurable`, `.io`, `.full`.
  public static func open(
    path: String, options: Options = Options(), logger: Logger = Logger(label: "anju.log")
  ) throws(DurableLogError) -> DurableLog {
    try prepareFile(path: path, options: options)
    let log = try DurableLog(path: path, options: options, logger: logger)
    log.startThreads()
    return log
  }

  private init(path: String, options: Options, logger: Logger) throws(DurableLogError) {
    self.path = path
    self.options = options
    self.logger = logger
    queue = Mutex(Waiting())
    let opened = try Writer(path: path, options: options)
    let last = (opened.next[0] - 1, opened.next[1] - 1)
    writer = Mutex(opened)
    checkpoint = Mutex(try Self.connect(path: path))
    urgentReader = Mutex(try Self.connect(path: path))
    bulkReader = Mutex(try Self.connect(path: path))
    counters = Mutex(Counters(committed: [Position(last.0), Position(last.1)]))
  }

  private static func connect(path: String) throws(DurableLogError) -> SQLiteFile {
    var file = try SQLiteFile(path: path)
    file.keepWAL()
    // A connection finds out that the file has a write-ahead log by reading; a checkpoint before that does nothing.
    _ = try file.integer("SELECT count(*) FROM sqlite_master")
    return file
  }

  private func startThreads() {
    for (name, body) in [("log-writer", runWriter), ("log-checkpoint", runCheckpoints)] {
      let thread = Thread { [ended] in
        body()
        ended.signal()
      }
      thread.name = name
      thread.stackSize = 512 << 10
      thread.start()
    }
  }

  /// Appends a batch. Returns at once, from any thread.
  ///
  /// - Parameters:
  ///   - batch: what is stored as one segment; at most `Options.batchBytesMax`.
  ///   - records: how many messages it holds, for the figures and the reader.
  ///   - whenDurable: called once: with the position after the commit has returned, or with why it is not stored. Runs
  ///     on the writer's thread (or here, when the batch is refused at the door): be brief, and never call `close`.
  public func append(
    _ batch: consuming [UInt8], records: Int, lane: Lane,
    whenDurable: @escaping @Sendable (Result<Position, DurableLogError>) -> Void
  ) {
    guard batch.count <= options.batchBytesMax else { return whenDurable(.failure(.tooLarge)) }
    let limit = lane == .urgent ? options.waitingBytesMax &* 2 : options.waitingBytesMax
    let pending = Pending(body: batch, records: records, whenDurable: whenDurable)
    let (refusal, mustWake) = queue.withLock { waiting -> (DurableLogError?, Bool) in
      guard !waiting.closing else { return (.closed, false) }
      guard waiting.bytes + pending.body.count <= limit else { return (.overloaded, false) }
      waiting.push(pending, lane)
      return (nil, waiting.shouldWake(for: lane))
    }
    if let refusal { return whenDurable(.failure(refusal)) }
    if mustWake { wake.signal() }
  }

  /// Bytes appended and not yet committed, both lanes: the figure to hold readers back by.
  public var waitingBytes: Int { queue.withLock { $0.bytes } }

  /// What has happened since opening.
  public var figures: Figures { counters.withLock { $0.figures } }

  /// The last committed batch of a lane; `.start` when none ever was.
  public func committed(_ lane: Lane) -> Position { counters.withLock { $0.committed[lane.rawValue] } }

  /// Yields after each commit that held batches of this lane (commits while nobody looks are joined), and once at the
  /// beginning; ends when the log closes. At most 16 at a time a lane: the seventeenth ends at once.
  public func commits(_ lane: Lane) -> AsyncStream<Void> {
    let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    let key = counters.withLock { $0.listen(continuation, lane) }
    guard let key else {
      continuation.finish()
      return stream
    }
    continuation.onTermination = { [weak self] _ in
      self?.counters.withLock { _ = $0.listeners[lane.rawValue].removeValue(forKey: key) }
    }
    continuation.yield()
    return stream
  }

  /// Allows everything up to `through` to be removed; the writer removes it in small steps between commits.
  public func trim(_ lane: Lane, through: Position) {
    let mustWake = queue.withLock { waiting in
      waiting.trimThrough[lane.rawValue] = max(waiting.trimThrough[lane.rawValue], through.value)
      return waiting.shouldWake(for: .urgent)
    }
    if mustWake { wake.signal() }
  }

  /// Commits what waits, calls its callbacks, and ends the threads. Blocks until then; later appends answer `.closed`.
  public func close() {
    let first = queue.withLock { waiting in
      defer { waiting.closing = true }
      return !waiting.closing
    }
    guard first else { return }
    wake.signal()
    ended.wait()
    checkpointWake.signal()
    ended.wait()
    let listeners = counters.withLock { $0.endListening() }
    for listener in listeners { listener.finish() }
  }
}

/// Commit figures and who wants to hear of commits.
struct Counters: Sendable {
  var figures = DurableLog.Figures()
  var committed: [DurableLog.Position]
  var listeners: [[Int: AsyncStream<Void>.Continuation]] = [[:], [:]]
  private var nextKey = 0
  private var ended = false

  init(committed: [DurableLog.Position]) {
    self.committed = committed
  }

  mutating func listen(_ continuation: AsyncStream<Void>.Continuation, _ lane: DurableLog.Lane) -> Int? {
    guard !ended, listeners[lane.rawValue].count < 16 else { return nil }
    nextKey += 1
    listeners[lane.rawValue][nextKey] = continuation
    return nextKey
  }

  mutating func endListening() -> [AsyncStream<Void>.Continuation] {
    ended = true
    defer { listeners = [[:], [:]] }
    return listeners.flatMap(\.values)
  }
}
