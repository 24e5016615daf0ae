import Foundation
package import Guomi
import Synchronization
import WireFormats

/// Who can be asked for keys: the key service, or in a test a stand-in.
package protocol KeySource: Sendable {
  /// Asks once and waits for the answer.
  ///
  /// - Throws: `.unreachable` in bounded time when there is none.
  func call(_ frame: VaultFrame) async throws(VaultError) -> VaultFrame
}

/// The connection to the key service: opened when needed, opened again after a break, on a thread of its own because
/// its calls block.
package final class VaultLink: KeySource {
  /// What a connection needs.
  package struct Options: Sendable {
    /// The socket's path.
    package var path: String
    package var role: VaultRole
    /// Shown at every connection.
    package var token: SecretBytes
    /// How long one call may take.
    package var timeoutMilliseconds: Int32 = 5_000
    /// The most calls that wait; another one is refused at once.
    package var waitingMax = 256

    package init(path: String, role: VaultRole, token: SecretBytes) {
      self.path = path
      self.role = role
      self.token = token
    }
  }

  private let options: Options
  private let thread: Worker
  private let waiting = Atomic<Int>(0)

  package init(_ options: Options) {
    self.options = options
    thread = Worker(options)
  }

  deinit { thread.end() }

  package func call(_ frame: VaultFrame) async throws(VaultError) -> VaultFrame {
    let (_, count) = waiting.add(1, ordering: .relaxed)
    defer { waiting.subtract(1, ordering: .relaxed) }
    guard count <= options.waitingMax else { throw .busy }
    let result = await withCheckedContinuation { continuation in
      thread.post { connection in
        continuation.resume(returning: Result { () throws(VaultError) in try connection.call(frame) })
      }
    }
    return try result.get()
  }

  /// A connection that is greeted.
  package static func connected(_ options: Options) throws(VaultError) -> VaultSocket {
    let socket = try VaultSocket(path: options.path)
    let hello = VaultFrame.call(
      .hello, [("version", .integer(VaultFrame.version)), ("role", .text(options.role.rawValue))],
      secret: options.token)
    try socket.send(hello, milliseconds: options.timeoutMilliseconds)
    guard let answer = try socket.receive(
      idle: options.timeoutMilliseconds, milliseconds: options.timeoutMilliseconds)
    else { throw .unreachable("it closed the connection") }
    _ = try answer.answer()
    return socket
  }

  /// One call on a connection.
  package static func exchange(
    _ frame: VaultFrame, on socket: VaultSocket, milliseconds: Int32
  ) throws(VaultError) -> VaultFrame {
    try socket.send(frame, milliseconds: milliseconds)
    guard let answer = try socket.receive(idle: milliseconds, milliseconds: milliseconds) else {
      throw .unreachable("it closed the connection")
    }
    return answer
  }
}

/// The thread of a link with its socket.
private final class Worker: Sendable {
  typealias Job = @Sendable (borrowing Connection) -> Void

  private let jobs = Mutex<[Job?]>([])
  private let filled = DispatchSemaphore(value: 0)

  init(_ options: VaultLink.Options) {
    let (jobs, filled) = (Jobs(self), filled)
    let thread = Thread {
      let connection = Connection(options)
      while true {
        filled.wait()
        guard let job = jobs.next() else { return }
        job(connection)
      }
    }
    thread.name = "anju.vault.link"
    thread.start()
  }

  /// The thread keeps the queue, not the link that owns it.
  private struct Jobs: Sendable {
    let worker: Worker
    init(_ worker: Worker) { self.worker = worker }
    func next() -> Job? { worker.jobs.withLock { $0.removeFirst() } }
  }

  func post(_ job: @escaping Job) {
    jobs.withLock { $0.append(job) }
    filled.signal()
  }

  /// Lets the thread end after the jobs it has.
  func end() {
    jobs.withLock { $0.append(nil) }
    filled.signal()
  }
}

/// The socket of a link; never leaves its thread.
private final class Connection {
  private let options: VaultLink.Options
  private var socket: VaultSocket?

  init(_ options: VaultLink.Options) {
    self.options = options
  }

  /// Asks, and asks once more on a new connection when an old one turns out to be dead: every call may be repeated.
  func call(_ frame: VaultFrame) throws(VaultError) -> VaultFrame {
    if let socket {
      do throws(VaultError) {
        return try VaultLink.exchange(frame, on: socket, milliseconds: options.timeoutMilliseconds).answer()
      } catch {
        guard case .unreachable = error else {
          if error == .malformed { self.socket = nil }
          throw error
        }
        self.socket = nil
      }
    }
    let socket = try VaultLink.connected(options)
    let answer = try VaultLink.exchange(frame, on: socket, milliseconds: options.timeoutMilliseconds)
    self.socket = socket
    return try answer.answer()
  }
}
