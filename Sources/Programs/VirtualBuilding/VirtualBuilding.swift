package import DeviceKit
package import Logging
package import NIOCore
import ServiceLifecycle
import NIOPosix
import SecureElement

/// A building of virtual devices that speak to a platform exactly as hardware would (docs/virtual-building.md).
///
/// A service: devices start when it runs, spread over some seconds, and say goodbye when it ends. All chance comes from
/// the plan's seed.
package final class VirtualBuilding: Service {
  /// How a building finds its platform.
  package struct Options: Sendable {
    package var host: String
    package var port: Int
    package var version = DeviceOptions.Version.v5
    /// First connections are spread over so long.
    package var startSpreadMilliseconds: Int64 = 3_000
    package var keepAliveSeconds: UInt16 = 300
    /// The socket of the rack of secure elements that holds the devices' keys; nil without.
    package var elementSocket: String?

    package init(host: String, port: Int) {
      self.host = host
      self.port = port
    }

    /// The SDK's options for one connection of the building.
    func link(_ credentials: DeviceCredentials?) -> DeviceOptions {
      var link = DeviceOptions(host: host, port: port, credentials: credentials)
      link.version = version
      link.keepAliveSeconds = keepAliveSeconds
      link.startSpreadMilliseconds = startSpreadMilliseconds
      link.outbox = Outbox.Limits(messagesMax: 2_000, bytesMax: 512 << 10)
      return link
    }
  }

  package let plan: BuildingPlan
  private let clients: [String: DeviceClient]
  private let owners: [String: DeviceClient]
  private let flash: FlashFile
  private let keys: DeviceKeyRing?
  /// The devices that had their keys when the building was made.
  private let keyed: Set<String>
  private let logger: Logger

  /// - Parameters:
  ///   - folder: certificates and keys; nil speaks without TLS, for a bench.
  ///   - flashPath: the file that holds every device's memory.
  /// - Throws: `BuildingError`, `FlashError`, or an error of NIOSSL when a credential or the memory can not be read.
  package init(
    plan: BuildingPlan, options: Options, folder: BuildingFolder?, flashPath: String, clock: VirtualClock,
    group: any EventLoopGroup, logger: Logger
  ) throws {
    let flash = try FlashFile(path: flashPath)
    let trust = try folder?.trust()
    let keys = options.elementSocket.flatMap { socket in
      folder.map { DeviceKeyRing(folder: $0, rack: ElementRackLink(socket: socket)) }
    }
    let keyed = keys?.folder.keyed ?? []
    var clients: [String: DeviceClient] = [:]
    var owners: [String: DeviceClient] = [:]
    for device in plan.connected {
      let credentials = try trust.map { try folder?.credentials(of: device.name, trust: $0) } ?? nil
      let members = [device] + plan.devices.filter { $0.gateway == device.name }
      let client = try DeviceClient(
        parts: Self.parts(members, plan, flash) { keyed.contains($0) ? keys?.keys(of: $0) : nil },
        options: options.link(credentials), environment: clock.environment(seed: plan.seed), group: group,
        logger: logger)
      clients[device.name] = client
      for member in members { owners[member.name] = client }
    }
    self.plan = plan
    self.logger = logger
    self.keys = keys
    self.keyed = keyed
    self.flash = flash
    self.clients = clients
    self.owners = owners
  }

  private static func parts(
    _ members: [PlannedDevice], _ plan: BuildingPlan, _ flash: FlashFile,
    _ keys: (String) -> (any DeviceKeys)?
  ) -> [DevicePart] {
    members.compactMap { member in
      member.identity.map {
        DevicePart(
          identity: $0, program: plan.program(of: member), flash: flash.drive(member.name),
          keys: keys(member.name))
      }
    }
  }

  package func run() async throws {
    for device in plan.connected { clients[device.name]?.start() }
    logger.info("virtual building started", metadata: ["building.devices": "\(plan.devices.count)"])
    await cancelWhenGracefulShutdown { await self.followFactory() }
    try? await gracefulShutdown()
    await stop()
  }

  /// Gives the devices their keys as the factory notes that they have them; ends when all have, or when it is
  /// cancelled.
  package func followFactory() async {
    guard let keys else { return }
    var known = keyed
    let all = Set(plan.devicesWithKeys)
    while !known.isSuperset(of: all) {
      do { try await Task.sleep(for: DeviceKeyRing.period) } catch { return }
      let equipped = keys.folder.keyed.intersection(all).subtracting(known)
      for device in equipped { await owners[device]?.give(keys.keys(of: device), to: device) }
      known.formUnion(equipped)
    }
  }

  /// Every connection says goodbye; what is not acknowledged stays in memory.
  package func stop() async {
    await withTaskGroup { group in
      for client in clients.values { group.addTask { await client.stop() } }
    }
    await flash.flush()
  }

  /// Starts the devices without a service group around: for tests.
  package func start() { for device in plan.connected { clients[device.name]?.start() } }
}

/// What one virtual device is and shows.
package struct VirtualDeviceState: Sendable {
  package let device: PlannedDevice
  package let status: DeviceStatus
  package let values: DeviceValues
}

extension VirtualBuilding {
  /// The states of the devices that a target names, in the plan's order.
  package func list(_ target: String = "all") async -> [VirtualDeviceState] {
    let wanted = plan.select(target)
    var found: [String: VirtualDeviceState] = [:]
    for name in Set(wanted.map { $0.gateway ?? $0.name }) {
      guard let client = clients[name] else { continue }
      for (status, values) in await client.inspect({ ($0 as? any VirtualProgram)?.state ?? [:] }) {
        guard let device = wanted.first(where: { $0.name == status.name }) else { continue }
        found[status.name] = VirtualDeviceState(device: device, status: status, values: values ?? [:])
      }
    }
    return wanted.compactMap { found[$0.name] }
  }

  /// Something happens to every device that a target names.
  ///
  /// - Returns: for each whether it knows such a thing (and has the power for it).
  package func happen(_ mischief: Mischief, to target: String) async -> [(device: String, isDone: Bool)] {
    var results: [(device: String, isDone: Bool)] = []
    for device in plan.select(target) {
      guard let client = owners[device.name] else { continue }
      results.append((device.name, await happen(mischief, to: device, client)))
    }
    return results
  }

  private func happen(_ mischief: Mischief, to device: PlannedDevice, _ client: DeviceClient) async -> Bool {
    let name = device.name
    switch mischief {
    case .losePower:
      await client.cutPower(name)
      await tellGateway(of: device, isHeard: false, client)
    case .restorePower:
      await client.restorePower(name)
      await tellGateway(of: device, isHeard: true, client)
    case .loseNetwork, .restoreNetwork:
      await client.setWire(name, isCut: mischief == .loseNetwork)
      await tellGateway(of: device, isHeard: mischief == .restoreNetwork, client)
    case .drift(let milliseconds): await client.drift(name, byMilliseconds: milliseconds)
    case .repeatMessages(let count): await client.trouble { $0.repeatCount = count }
    case .reorder(let count): await client.trouble { $0.reorderCount = count }
    case .flood(let perSecond, let seconds):
      return await client.flood(name, perSecond: perSecond, seconds: seconds)
    default:
      return await client.operateAny(name) { program, desk in
        guard var own = program as? any VirtualProgram else { return false }
        let isDone = own.suffer(mischief, &desk)
        program = own
        return isDone
      } ?? false
    }
    return true
  }

  private func tellGateway(of device: PlannedDevice, isHeard: Bool, _ client: DeviceClient) async {
    guard let gateway = device.gateway else { return }
    _ = await client.operate(gateway, as: GatewayProgram.self) { program, desk in
      program.hears(device.name, isHeard, &desk)
    }
  }
}

extension DeviceClient {
  /// Reports the device's state again and again.
  fileprivate func flood(_ device: String, perSecond: Int, seconds: Int) async -> Bool {
    let turns = seconds * 10
    let perTurn = max(1, perSecond / 10)
    let left = NIOLoopBoundBox.makeBoxSendingValue(turns, eventLoop: eventLoop)
    eventLoop.scheduleRepeatedTask(initialDelay: .zero, delay: .milliseconds(100)) { task in
      left.value -= 1
      if left.value <= 0 { task.cancel() }
      self.operateAnyNow(device) { program, desk in
        guard let own = program as? any VirtualProgram else { return }
        for _ in 0..<perTurn { desk.report(own.state) }
      }
    }
    return true
  }
}
