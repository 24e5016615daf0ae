import Synchronization

/// One value behind a lock.
final class LockedBox<Value: Sendable>: Sendable {
  private let value: Mutex<Value>

  init(_ value: Value) { self.value = Mutex(value) }

  func get() -> Value { value.withLock { $0 } }

  func set(_ new: Value) { value.withLock { $0 = new } }
}
