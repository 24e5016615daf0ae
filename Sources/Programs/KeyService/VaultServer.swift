import Foundation
import Glibc
package import Logging
import Synchronization
package import Vault
import WireFormats

/// The key service's socket: a thread a connection, one queue of calls, many calls a commit.
package final class VaultServer: Sendable {
  /// Limits and who may connect.
  package struct Options: Sendable {
    /// The socket's path; its folder should be 0700 or 0750.
    package var path: String
    /// Users that may connect, besides the one this runs as.
    package var userIDs: Set<UInt32> = []
    /// The socket file's mode: 0600, or 0660 for a group.
    package var mode: UInt32 = 0o600
    package var connectionsMax = 64
    /// How long a message may take from its first byte to its last.
    package var messageMilliseconds: Int32 = 5_000
    /// How long a connection may say nothing before its greeting.
    package var greetingMilliseconds: Int32 = 5_000

    package init(path: String) {
      self.path = path
    }
  }

  private let core: VaultCore
  private let options: Options
  private let logger: Logger
  private let queue = CallQueue()
  private let state = Mutex(State())

  private struct State {
    var listener: Int32 = -1
    var connections = 0
    var nextNumber: UInt64 = 0
    var open: [UInt64: ConnectionHandle] = [:]
    var isEnding = false
  }

  package init(core: VaultCore, options: Options, logger: Logger) {
    self.core = core
    self.options = options
    self.logger = logger
  }

  /// Opens the socket; connections are taken from now on.
  ///
  /// - Throws: `.unreachable` with what the system said.
  package func listen() throws(VaultError) {
    guard var address = VaultSocket.address(options.path) else { throw .unreachable("the socket's path is too long") }
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw Self.systemError() }
    // The store's lock proves that no other key service uses this folder: what lies there is left over.
    unlink(options.path)
    let before = umask(0o777 & ~options.mode)
    let size = socklen_t(MemoryLayout<sockaddr_un>.size)
    let result = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, size) }
    }
    umask(before)
    guard result == 0, chmod(options.path, options.mode) == 0, Glibc.listen(descriptor, 64) == 0 else {
      let error = Self.systemError()
      close(descriptor)
      throw error
    }
    state.withLock { $0.listener = descriptor }
    let thread = Thread { self.accept(on: descriptor) }
    thread.name = "anju.vault.accept"
    thread.start()
  }

  /// Answers calls until `stop`; to be run once.
  package func run() async {
    while await queue.wait() {
      let calls = queue.take(max: 64)
      if !calls.isEmpty {
        let answers = await core.answer(calls.map { ($0.frame, $0.caller) })
        for (call, answer) in zip(calls, answers) { call.answer(answer) }
      }
      await advance()
    }
    for call in queue.take(max: .max) { call.answer(.refusal(.busy)) }
  }

  /// One step of a rotation between calls; it goes on with the next turn.
  private func advance() async {
    do {
      if try await core.stepRotation() { queue.nudge() }
    } catch {
      logger.error("rotation step failed", metadata: ["error": "\(error)"])
    }
  }

  /// What time brings; to be called about once a minute.
  package func tick() async {
    do { try await core.tick() } catch { logger.error("the minute's work failed", metadata: ["error": "\(error)"]) }
    queue.nudge()
  }

  /// Ends everything: no new connections, none of the old.
  package func stop() {
    let (listener, open) = state.withLock { state in
      defer {
        state.listener = -1
        state.isEnding = true
      }
      return (state.listener, Array(state.open.values))
    }
    if listener >= 0 {
      shutdown(listener, Int32(SHUT_RDWR))
      close(listener)
      unlink(options.path)
    }
    for connection in open { connection.shut() }
    queue.end()
  }

  private static func systemError() -> VaultError { .unreachable(String(cString: strerror(errno))) }

  private func accept(on listener: Int32) {
    while true {
      let descriptor = Glibc.accept(listener, nil, nil)
      if descriptor < 0 {
        if errno == EINTR || errno == ECONNABORTED { continue }
        if errno == EMFILE || errno == ENFILE || errno == ENOMEM {
          // Others must end first; a second's rest instead of a busy loop.
          sleep(1)
          continue
        }
        return
      }
      _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
      let handle = ConnectionHandle(VaultSocket(descriptor: descriptor))
      guard let number = admit(handle) else { continue }
      let thread = Thread {
        handle.use { self.serve($0) }
        self.state.withLock { state in
          state.open[number] = nil
          state.connections -= 1
        }
      }
      thread.stackSize = 512 << 10
      thread.name = "anju.vault.connection"
      thread.start()
    }
  }

  private func admit(_ handle: ConnectionHandle) -> UInt64? {
    state.withLock { state in
      guard !state.isEnding, state.connections < options.connectionsMax else { return nil }
      state.connections += 1
      state.nextNumber += 1
      state.open[state.nextNumber] = handle
      return state.nextNumber
    }
  }

  private func serve(_ socket: VaultSocket) {
    guard let user = socket.peerUserID, user == geteuid() || options.userIDs.contains(user) else {
      logger.warning("a caller of another user was refused", metadata: ["user.id": "\(socket.peerUserID ?? .max)"])
      try? socket.send(
        .refusal(.refused(code: "vault.user", detail: "This user may not call the key service.")),
        milliseconds: options.messageMilliseconds)
      return
    }
    var caller = VaultCore.Caller(name: "user \(user)", role: .anybody, userID: user)
    do throws(VaultError) {
      while let frame = try socket.receive(
        idle: caller.role == .anybody ? options.greetingMilliseconds : -1, milliseconds: options.messageMilliseconds)
      {
        let answer = queue.ask(frame, caller)
        if let role = Self.greeting(frame, answer) { caller = .init(name: role.rawValue, role: role, userID: user) }
        try socket.send(answer, milliseconds: options.messageMilliseconds)
        // Who shows a wrong token has one try a connection.
        if caller.role == .anybody, frame.body["op"]?.string == VaultOperation.hello.rawValue { return }
      }
    } catch {
      if error == .malformed { try? socket.send(.refusal(.malformed), milliseconds: options.messageMilliseconds) }
    }
  }

  /// The role that a greeting gave.
  private static func greeting(_ frame: VaultFrame, _ answer: VaultFrame) -> VaultRole? {
    guard frame.body["op"]?.string == VaultOperation.hello.rawValue, answer.body["error"] == nil else { return nil }
    return frame.body["role"]?.string.flatMap { VaultRole(rawValue: $0) }
  }
}
