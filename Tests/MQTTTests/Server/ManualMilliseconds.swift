import Synchronization

/// A clock that moves when a test says so.
final class ManualMilliseconds: Sendable {
  private let storage: Mutex<UInt64>

  init(_ start: UInt64 = 1_000_000) { storage = Mutex(start) }

  var now: UInt64 { storage.withLock { $0 } }

  func advance(seconds: Double) { storage.withLock { $0 += UInt64(seconds * 1_000) } }
}
