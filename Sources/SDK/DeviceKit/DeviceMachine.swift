/// One device above its connection: numbering, store and forward, clock, commands, twin and the vendor's program.
///
/// A pure state machine. After each event the driver takes the commit that the event made, and sends what
/// `takeNext` gives while the connection's window has room.
public struct DeviceMachine: Sendable {
  /// Changes that must become durable as one.
  public struct Commit: Sendable {
    public let serial: Int
    public let changes: [FlashChange]
  }

  public let identity: DeviceIdentity
  public internal(set) var outbox: Outbox
  public internal(set) var clock = DeviceClock()
  public internal(set) var program: any DeviceProgram
  /// Whether the connection stands.
  public internal(set) var isOnline = false

  var commands: CommandBook
  var random: DeviceRandom
  var memory: [String: [UInt8]]
  var changes: [FlashChange]
  var serial = 0
  var durableSerial = 0
  var waitingCommands: [(serial: Int, command: Command)] = []
  var interrupted: [String] = []
  var twinVersion: Int64
  var hasReportedTwin = false
  var helloAgainAtUptimeMilliseconds: Int64 = 0
  /// Commands being done that came protected: their replies go protected.
  var protectedCommands: Set<String> = []
  /// Whether the device has keys: then it takes nothing sensitive without their protection.
  var hasKeys: Bool

  static let twinKey = "twin"

  /// - Parameters:
  ///   - cells: the device's whole durable memory.
  ///   - random: for the program and for jitter.
  ///   - hasKeys: whether something holds keys for this device.
  public init(
    identity: DeviceIdentity, program: any DeviceProgram, cells: [String: [UInt8]],
    limits: Outbox.Limits = Outbox.Limits(), random: DeviceRandom, hasKeys: Bool = false
  ) {
    self.identity = identity
    self.program = program
    self.random = random
    self.hasKeys = hasKeys
    changes = []
    outbox = Outbox(cells: cells, limits: limits, changes: &changes)
    commands = CommandBook(cells: cells, interrupted: &interrupted)
    memory = [:]
    for (key, value) in cells where key.hasPrefix(DeviceDesk.keyPrefix) {
      memory[String(key.dropFirst(DeviceDesk.keyPrefix.count))] = value
    }
    twinVersion = cells[Self.twinKey].flatMap { Int64(String(decoding: $0, as: UTF8.self)) } ?? 0
  }

  /// What the last events changed; nil when nothing. Must be committed in the order taken.
  public mutating func takeCommit() -> Commit? {
    guard !changes.isEmpty else { return nil }
    serial += 1
    defer { changes = [] }
    return Commit(serial: serial, changes: changes)
  }

  /// The next message to send; nil when none waits or the boot number is not yet durable.
  ///
  /// - Parameter isProtecting: false passes over what can only go protected.
  public mutating func takeNext(isProtecting: Bool = true) -> OutboxEntry? {
    isOnline && durableSerial > 0 ? outbox.takeNext(isProtecting: isProtecting) : nil
  }

  /// Whether `takeNext` would give a message.
  public var hasWaiting: Bool { isOnline && durableSerial > 0 && outbox.hasWaiting }

  /// When `tick` wants to be called next, in uptime.
  public var wakeAtUptimeMilliseconds: Int64? { program.wakeAtUptimeMilliseconds }
}
