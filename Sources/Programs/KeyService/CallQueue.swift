import Dispatch
import Synchronization
import Vault

/// Calls that wait for their turn. Each connection has one at most, so that its length is bounded by theirs.
final class CallQueue: Sendable {
  /// A call, and the thread that waits for its answer.
  final class Call: Sendable {
    let frame: VaultFrame
    let caller: VaultCore.Caller
    private let reply = Mutex<VaultFrame?>(nil)
    private let done = DispatchSemaphore(value: 0)

    init(_ frame: VaultFrame, _ caller: VaultCore.Caller) {
      self.frame = frame
      self.caller = caller
    }

    func answer(_ frame: VaultFrame) {
      reply.withLock { $0 = frame }
      done.signal()
    }

    func wait() -> VaultFrame {
      done.wait()
      return reply.withLock { $0 } ?? .refusal(.busy)
    }
  }

  private struct State {
    var calls: [Call] = []
    var isNudged = false
    var hasEnded = false
    var waiting: CheckedContinuation<Bool, Never>?
  }

  private let state = Mutex(State())

  /// Asks, and blocks the thread until the answer.
  func ask(_ frame: VaultFrame, _ caller: VaultCore.Caller) -> VaultFrame {
    let call = Call(frame, caller)
    let (hasEnded, waiting) = state.withLock { state in
      if !state.hasEnded { state.calls.append(call) }
      defer { state.waiting = nil }
      return (state.hasEnded, state.waiting)
    }
    waiting?.resume(returning: true)
    return hasEnded ? .refusal(.busy) : call.wait()
  }

  /// Another turn, also without a call.
  func nudge() {
    state.withLock { state in
      state.isNudged = true
      defer { state.waiting = nil }
      return state.waiting
    }?.resume(returning: true)
  }

  func end() {
    state.withLock { state in
      state.hasEnded = true
      defer { state.waiting = nil }
      return state.waiting
    }?.resume(returning: false)
  }

  /// Waits for something to do; false at the end.
  func wait() async -> Bool {
    await withCheckedContinuation { continuation in
      let now = state.withLock { state -> Bool? in
        if state.hasEnded { return false }
        if !state.calls.isEmpty || state.isNudged {
          state.isNudged = false
          return true
        }
        state.waiting = continuation
        return nil
      }
      if let now { continuation.resume(returning: now) }
    }
  }

  func take(max: Int) -> [Call] {
    state.withLock { state in
      let taken = Array(state.calls.prefix(max))
      state.calls.removeFirst(taken.count)
      return taken
    }
  }
}

/// A connection's socket, which one thread uses and another may shut.
// @unchecked: `shut` is one call of shutdown(2) on a descriptor that stays open while this lives, which any thread may
// make; everything else is the serving thread's.
final class ConnectionHandle: @unchecked Sendable {
  private let socket: VaultSocket

  init(_ socket: VaultSocket) {
    self.socket = socket
  }

  func use(_ body: (VaultSocket) -> Void) { body(socket) }
  func shut() { socket.shut() }
}
