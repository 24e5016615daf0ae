import Dispatch
import Foundation
import Synchronization

/// The process of a `ChildProgram`: one thread starts it, reads what it writes and waits for its end.
final class ChildLife: Sendable {
  struct State {
    var output: [UInt8] = []
    var end: ChildProgram.End?
    /// Counts what happened, so that whoever waits misses nothing.
    var changes = 0
    var waiting: [CheckedContinuation<Void, Never>] = []
  }

  private static let outputBytesMax = 4 << 20

  private let process: pid_t
  private let hasLifeline: Bool
  private let state = Mutex(State())

  private init(_ spawned: SpawnedChild) {
    process = spawned.process
    hasLifeline = spawned.lifeline != nil
  }

  /// Starts the program on a thread that lives as long as it: the system ends the program with the thread that
  /// started it.
  static func begin(_ order: ChildProgram.Order) async throws(ChildProgramError) -> ChildLife {
    let begun = await withCheckedContinuation { (begun: CheckedContinuation<Begun, Never>) in
      Thread.detachNewThread {
        do throws(ChildProgramError) {
          let spawned = try SpawnedChild(order)
          let life = ChildLife(spawned)
          begun.resume(returning: .success(life))
          life.read(spawned.output)
          life.collect()
          if let lifeline = spawned.lifeline { close(lifeline) }
        } catch {
          begun.resume(returning: .failure(error))
        }
      }
    }
    return try begun.get()
  }

  private typealias Begun = Result<ChildLife, ChildProgramError>

  var output: String { String(decoding: state.withLock { $0.output }, as: UTF8.self) }

  var end: ChildProgram.End? { state.withLock { $0.end } }

  func send(signal: Int32) {
    state.withLock { if $0.end == nil { _ = Foundation.kill(process, signal) } }
  }

  /// Kills the whole process group.
  func kill() {
    state.withLock { if $0.end == nil { _ = Foundation.kill(-process, SIGKILL) } }
  }

  /// The test has no use for it any more.
  func letGo() {
    if !hasLifeline { kill() }
  }

  /// Waits until a look at the state gives something.
  ///
  /// - Parameter secondsMax: nil to wait on, also when the task is cancelled.
  /// - Returns: nil when the time was up or the task was cancelled.
  func wait<Found: Sendable>(secondsMax: Int? = nil, _ look: (State) -> Found?) async -> Found? {
    let limit = secondsMax.map { ContinuousClock.now + .seconds($0) }
    if let secondsMax {
      DispatchQueue.global().asyncAfter(deadline: .now() + .seconds(secondsMax)) { [weak self] in
        self?.change { _ in }
      }
    }
    return await withTaskCancellationHandler {
      while true {
        let (found, changes) = state.withLock { (look($0), $0.changes) }
        if let found { return found }
        if let limit, Task.isCancelled || limit <= .now { return nil }
        await change(after: changes)
      }
    } onCancel: {
      change { _ in }
    }
  }

  private func change(after count: Int) async {
    await withCheckedContinuation { continuation in
      let hasChanged = state.withLock { state in
        if state.changes == count { state.waiting.append(continuation) }
        return state.changes != count
      }
      if hasChanged { continuation.resume() }
    }
  }

  private func change(_ body: (inout sending State) -> Void) {
    let waiting = state.withLock { state in
      body(&state)
      state.changes += 1
      defer { state.waiting = [] }
      return state.waiting
    }
    for continuation in waiting { continuation.resume() }
  }

  /// Reads until the program and all it started closed their outputs.
  private func read(_ descriptor: Int32) {
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: 64 << 10)
    while true {
      let count = Foundation.read(descriptor, &bytes, bytes.count)
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { return }
      let new = bytes[..<count]
      change { state in state.output += new.prefix(Self.outputBytesMax - state.output.count) }
    }
  }

  /// Waits for the end, and ends what the program left behind.
  private func collect() {
    var info = siginfo_t()
    while waitid(P_PID, id_t(process), &info, WEXITED | WNOWAIT) != 0 && errno == EINTR {}
    letGo()
    // The number is given back within the lock: nobody may send a signal to whoever has it next.
    change { state in
      var status: Int32 = 0
      while waitpid(process, &status, 0) < 0 && errno == EINTR {}
      // The low seven bits are the signal, the next byte the exit status.
      state.end = status & 0x7f == 0 ? .exited(status >> 8 & 0xff) : .signalled(status & 0x7f)
    }
  }
}
