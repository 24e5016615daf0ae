package import Kernel
import Synchronization

/// Wrong attempts of an address or a name, remembered in a bounded table.
///
/// An address has twenty wrong attempts, and one more every fifteen seconds. A name that no account has is locked as
/// one that exists would be, so that the answer does not tell which exist.
package final class AttemptLimiter: Sendable {
  /// The most addresses, and the most names, remembered; then the one unused for longest is forgotten.
  package static let entriesMax = 10_000
  static let attemptsMax: Int64 = 20
  static let microsecondsAnAttempt: Int64 = 15_000_000

  private struct State {
    /// When an address will have all its attempts back.
    var addresses = BoundedTable<String, Instant>(countMax: entriesMax)
    var names = BoundedTable<String, Lockout>(countMax: entriesMax)
    /// When a name may be asked for again as often as at first.
    var resets = BoundedTable<String, Instant>(countMax: entriesMax)
  }

  private let state = Mutex(State())

  package init() {}

  /// How many addresses are remembered.
  package var addressesCount: Int { state.withLock { $0.addresses.count } }

  /// - Throws: `.tooManyAttempts` when the address has none left.
  package func check(_ address: String, at now: Instant) throws(AccountsError) {
    let full = state.withLock { $0.addresses[address] }
    guard let full else { return }
    let spent = full.microseconds(since: now)
    let excess = spent - (Self.attemptsMax - 1) * Self.microsecondsAnAttempt
    guard excess > 0 else { return }
    throw .tooManyAttempts(retryAfterSeconds: Int((excess + 999_999) / 1_000_000))
  }

  /// Takes one attempt from an address.
  package func failed(_ address: String, at now: Instant) {
    state.withLock { state in
      let full = max(state.addresses[address] ?? now, now)
      state.addresses[address] = Instant(microseconds: full.microseconds + Self.microsecondsAnAttempt)
    }
  }

  /// How often a lost password may be asked to be replaced, and how soon once more.
  static let resetsMax: Int64 = 3
  static let microsecondsAReset: Int64 = 20 * 60 * 1_000_000

  /// Counts a reset that was asked for a name, whether there is an account of the name or not.
  ///
  /// - Throws: `.tooManyAttempts`.
  func asked(_ name: String, at now: Instant) throws(AccountsError) {
    let excess = state.withLock { state -> Int64 in
      let full = max(state.resets[name] ?? now, now)
      let excess = full.microseconds(since: now) - (Self.resetsMax - 1) * Self.microsecondsAReset
      if excess <= 0 { state.resets[name] = Instant(microseconds: full.microseconds + Self.microsecondsAReset) }
      return excess
    }
    guard excess > 0 else { return }
    throw .tooManyAttempts(retryAfterSeconds: Int((excess + 999_999) / 1_000_000))
  }

  /// `Lockout.attempt` for a name that no account has.
  func attempt(unknown name: String, at now: Instant) -> Instant? {
    state.withLock { state in
      var lockout = state.names[name] ?? Lockout()
      let lockedUntil = lockout.attempt(at: now)
      state.names[name] = lockout
      return lockedUntil
    }
  }
}

/// A dictionary that forgets what was not used for longest.
struct BoundedTable<Key: Hashable, Value> {
  private let countMax: Int
  private var entries: [Key: (value: Value, used: UInt64)] = [:]
  private var clock: UInt64 = 0

  init(countMax: Int) {
    self.countMax = countMax
  }

  var count: Int { entries.count }

  subscript(key: Key) -> Value? {
    get { entries[key]?.value }
    set {
      clock += 1
      entries[key] = newValue.map { ($0, clock) }
      guard entries.count > countMax else { return }
      // A tenth at once, so that the search is not made for every new entry.
      let threshold = clock - UInt64(countMax - countMax / 10)
      entries = entries.filter { $0.value.used > threshold }
    }
  }
}
