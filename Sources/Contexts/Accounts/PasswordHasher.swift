import CSodium
import Dispatch
import Kernel
import Synchronization

/// Hashes passwords with Argon2id, off the caller's thread and few at a time, so that a flood of sign-ins takes neither
/// the event loops nor the memory.
///
/// - Source: RFC 9106; libsodium's crypto_pwhash.
package final class PasswordHasher: Sendable {
  /// What one hash costs.
  package struct Cost: Sendable {
    package let passes: UInt64
    package let memoryBytes: Int

    package init(passes: UInt64, memoryBytes: Int) {
      self.passes = passes
      self.memoryBytes = memoryBytes
    }

    /// 64 MiB and three passes, which RFC 9106 recommends where memory is scarce: about a tenth of a second.
    package static let standard = Cost(passes: 3, memoryBytes: 64 << 20)
    /// The least there is, for tests.
    package static let least = Cost(passes: 1, memoryBytes: 8_192)
  }

  private typealias Job = @Sendable () -> Void

  private struct State {
    var running = 0
    var line: [Job] = []
  }

  private let cost: Cost
  private let parallelMax: Int
  private let lineMax: Int
  private let state = Mutex(State())
  private let queue = DispatchQueue(label: "anju-password", attributes: .concurrent)
  /// The hash of a password nobody has, for names nobody has.
  private let dummy: String

  /// - Parameters:
  ///   - parallelMax: how many hashes at once: the memory taken is at most `parallelMax` times the cost's.
  ///   - lineMax: how many may wait; more are refused.
  package init(cost: Cost = .standard, parallelMax: Int = 2, lineMax: Int = 64) throws(AccountsError) {
    guard sodium_init() >= 0 else { throw .store(.broken) }
    self.cost = cost
    self.parallelMax = parallelMax
    self.lineMax = lineMax
    dummy = try Self.hash("", cost)
  }

  /// - Throws: `.busy` when too many wait.
  package func hash(_ password: String) async throws(AccountsError) -> String {
    let cost = cost
    let hash = try await run { () -> String? in try? Self.hash(password, cost) }
    guard let hash else { throw .store(.broken) }
    return hash
  }

  /// Whether it is the password; takes as long when there is no hash, and the answer is false.
  ///
  /// - Throws: `.busy` when too many wait.
  package func verify(_ password: String, _ hash: String?) async throws(AccountsError) -> Bool {
    let stored = hash ?? dummy
    let isRight = try await run {
      crypto_pwhash_argon2id_str_verify(stored, password, UInt64(password.utf8.count)) == 0
    }
    return isRight && hash != nil
  }

  /// Whether the hash was made with another cost than today's.
  func isOutdated(_ hash: String) -> Bool {
    crypto_pwhash_argon2id_str_needs_rehash(hash, cost.passes, cost.memoryBytes) != 0
  }

  private static func hash(_ password: String, _ cost: Cost) throws(AccountsError) -> String {
    var text = [CChar](repeating: 0, count: Int(crypto_pwhash_argon2id_STRBYTES))
    let status = crypto_pwhash_argon2id_str(
      &text, password, UInt64(password.utf8.count), cost.passes, cost.memoryBytes)
    // The memory could not be had.
    guard status == 0 else { throw .store(.broken) }
    return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  // MARK: The line

  /// Jobs that wait for their turn.
  var waitingCount: Int { state.withLock { $0.line.count } }

  /// Does a job in its turn.
  ///
  /// - Throws: `.busy` when too many wait.
  func run<T: Sendable>(_ body: @escaping @Sendable () -> T) async throws(AccountsError) -> T {
    let result = await withCheckedContinuation { (continuation: CheckedContinuation<T?, Never>) in
      let job: Job = { continuation.resume(returning: body()) }
      let isAccepted = state.withLock { state in
        if state.running < parallelMax {
          state.running += 1
          start(job)
        } else {
          guard state.line.count < lineMax else { return false }
          state.line.append(job)
        }
        return true
      }
      if !isAccepted { continuation.resume(returning: nil) }
    }
    guard let result else { throw .busy }
    return result
  }

  private func start(_ job: @escaping Job) {
    queue.async { [self] in
      job()
      state.withLock { state in
        if state.line.isEmpty { state.running -= 1 } else { start(state.line.removeFirst()) }
      }
    }
  }
}
