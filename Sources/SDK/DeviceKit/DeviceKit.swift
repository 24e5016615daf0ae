/// # DeviceKit
///
/// What a maker puts into a device so that it speaks to Anju as docs/device-protocol.md says: numbering that survives
/// power cuts, store and forward, the clock, commands done once and never late, the twin, one connection with mutual
/// TLS that comes back by itself.
///
/// - `DeviceProgram`: the maker's part, a value with mutating events.
/// - `DeviceMachine`: everything above the connection, a pure state machine.
/// - `Flash`: durable memory; `FlashFile` keeps it in one SQLite file, `MemoryFlash` is for tests.
/// - `Backoff`, `DeviceClock`, `Outbox`: the parts, usable alone.
public enum DeviceKit {
  /// The version of the wire protocol spoken: the second word of every topic.
  public static let protocolVersion = 1
}
