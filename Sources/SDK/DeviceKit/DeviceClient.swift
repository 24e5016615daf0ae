public import Logging
import MQTT
public import NIOCore
import NIOPosix
import NIOSSL
public import SecureElement

/// A device, or a gateway with its sub-devices, on the network: keeps the connection, sends what the program says,
/// brings it commands, remembers everything in its memory.
///
/// ```swift
/// let flash = try FlashFile(path: "/var/lib/doorbell/flash.db")
/// let client = try DeviceClient(
///   parts: [DevicePart(identity: identity, program: Doorbell(), flash: flash.drive("DB-1"))],
///   options: DeviceOptions(host: "anju.example", port: 8883, credentials: credentials),
///   environment: environment, group: group, logger: logger)
/// client.start()
/// await client.operate("DB-1", as: Doorbell.self) { doorbell, desk in desk.raise("rang", .info) }
/// ```
public final class DeviceClient: Sendable {
  let core: NIOLoopBoundBox<DeviceClientCore>
  /// The loop on which the device lives.
  public let eventLoop: any EventLoop

  /// - Parameters:
  ///   - parts: the connection's own device first, then a gateway's sub-devices.
  /// - Throws: `FlashError` when a memory can not be read.
  public init(
    parts: [DevicePart], options: DeviceOptions, environment: DeviceEnvironment, group: any EventLoopGroup,
    logger: Logger
  ) throws(FlashError) {
    let loop = group.next()
    eventLoop = loop
    var machines: [DeviceMachine] = []
    for part in parts { machines.append(try part.machine(options.outbox, seed: environment.seed)) }
    let host = DeviceHost(machines, options: options, seed: environment.seed)
    core = NIOLoopBoundBox.makeBoxSendingValue(
      DeviceClientCore(
        host: host, parts: parts, options: options, environment: environment, loop: loop,
        logger: logger),
      eventLoop: loop)
  }

  /// Starts the devices and begins to connect.
  public func start() { eventLoop.execute { self.core.value.start() } }

  /// Ends the connection. What is not acknowledged stays in memory.
  public func stop() async {
    _ = try? await eventLoop.flatSubmit { self.core.value.stop() }.get()
  }

  /// Whether the platform can be reached now.
  public var isOnline: Bool {
    get async { (try? await eventLoop.submit { self.core.value.host.isUp }.get()) ?? false }
  }

  /// Acts on a device's program: a key was pressed, a sensor read.
  ///
  /// - Returns: nil when the device is not here, has no power, or runs another program.
  public func operate<Program: DeviceProgram, Result: Sendable>(
    _ device: String, as type: Program.Type,
    _ body: @escaping @Sendable (inout Program, inout DeviceDesk) -> Result
  ) async -> Result? {
    (try? await eventLoop.submit {
      self.core.value.operate(device) { machine, moment in machine.operate(moment, as: type, body) } ?? nil
    }.get()) ?? nil
  }

  /// Gives a device that runs already what holds its keys: a factory equips it after its first start. It agrees keys
  /// with the platform at once, and takes nothing sensitive without their protection from then on. Nothing happens for
  /// a device that has keys or is not here.
  public func give(_ keys: any DeviceKeys, to device: String) async {
    _ = try? await eventLoop.submit { self.core.value.give(keys, to: device) }.get()
  }

  /// Uses a renewed certificate from the next connection on.
  public func renew(_ credentials: DeviceCredentials) {
    eventLoop.execute { self.core.value.options.credentials = credentials }
  }
}

/// One device of a client.
public struct DevicePart: Sendable {
  public let identity: DeviceIdentity
  public let program: any DeviceProgram
  public let flash: any Flash
  /// What holds the device's keys; nil for a device that has none.
  public internal(set) var keys: (any DeviceKeys)?

  public init(
    identity: DeviceIdentity, program: any DeviceProgram, flash: any Flash, keys: (any DeviceKeys)? = nil
  ) {
    self.identity = identity
    self.program = program
    self.flash = flash
    self.keys = keys
  }

  func machine(_ limits: Outbox.Limits, seed: UInt64) throws(FlashError) -> DeviceMachine {
    DeviceMachine(
      identity: identity, program: program, cells: try flash.load(), limits: limits,
      random: DeviceRandom(seed: seed, name: identity.name), hasKeys: keys != nil)
  }
}

extension DeviceHost {
  init(_ machines: [DeviceMachine], options: DeviceOptions, seed: UInt64) {
    self.init(
      devices: machines, version: options.version == .v5 ? .v5 : .v311, keepAliveSeconds: options.keepAliveSeconds,
      backoff: options.backoff,
      random: DeviceRandom(seed: seed ^ 0x6c69_6e6b, name: machines.first?.identity.name ?? ""))
  }
}
