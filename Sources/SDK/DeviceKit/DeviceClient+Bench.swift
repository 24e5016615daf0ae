import NIOCore

/// What a test bench can see of a device.
package struct DeviceStatus: Hashable, Sendable {
  package let name: String
  package let model: String
  package let hasPower: Bool
  package let isOnline: Bool
  /// The number of this start; 0 without power.
  package let boot: Int64
  /// Messages not yet acknowledged.
  package let messagesWaiting: Int
  package let isClockSet: Bool
  /// The device's corrected time; milliseconds since 1970 UTC.
  package let time: Int64
}

/// What only a test bench does to a device: the world's accidents, not the device's doing.
extension DeviceClient {
  /// The states of all its devices, each with what `look` finds in its program.
  package func inspect<Result: Sendable>(
    _ look: @escaping @Sendable (any DeviceProgram) -> Result
  ) async -> [(status: DeviceStatus, program: Result?)] {
    (try? await eventLoop.submit { self.core.value.inspect(look) }.get()) ?? []
  }

  /// Acts on a device's program without knowing its type; nil when it has no power or is not here.
  package func operateAny<Result: Sendable>(
    _ device: String, _ body: @escaping @Sendable (inout any DeviceProgram, inout DeviceDesk) -> Result
  ) async -> Result? {
    (try? await eventLoop.submit {
      self.core.value.operate(device) { machine, moment in machine.operateAny(moment, body) }
    }.get()) ?? nil
  }

  /// Cuts the power of the connection's own device, and with it of everything behind it; or of one sub-device.
  package func cutPower(_ device: String) async {
    _ = try? await eventLoop.submit {
      let core = self.core.value
      switch core.host.names.firstIndex(of: device) {
      case 0: core.cutPower()
      case let index?: core.replace(index, with: nil)
      case nil: break
      }
    }.get()
  }

  /// Starts what has no power again, from its memory.
  package func restorePower(_ device: String) async {
    guard let parts = await dark(device) else { return }
    for part in parts {
      await withCheckedContinuation { done in part.flash.commit([]) { _ in done.resume() } }
    }
    _ = try? await eventLoop.submit {
      let core = self.core.value
      guard let index = core.host.names.firstIndex(of: device) else { return }
      if index == 0 {
        core.restorePower(try core.freshHost())
      } else {
        core.replace(index, with: try core.freshMachine(index))
      }
    }.get()
  }

  /// Cuts or mends the wire of the whole connection, or the way of one sub-device to its gateway.
  package func setWire(_ device: String, isCut: Bool) async {
    _ = try? await eventLoop.submit {
      let core = self.core.value
      switch core.host.names.firstIndex(of: device) {
      case 0: core.setWire(isCut: isCut)
      case let index?: core.setReachable(index, !isCut)
      case nil: break
      }
    }.get()
  }

  /// The hardware clock of a device jumps.
  package func drift(_ device: String, byMilliseconds drift: Int64) async {
    _ = try? await eventLoop.submit {
      let core = self.core.value
      if let index = core.host.names.firstIndex(of: device) { core.host.clockErrors[index] += drift }
    }.get()
  }

  /// Troubles the messages of the connection.
  package func trouble(_ change: @escaping @Sendable (inout LinkTrouble) -> Void) async {
    _ = try? await eventLoop.submit { change(&self.core.value.host.trouble) }.get()
  }

  /// The parts that are dark behind a name.
  private func dark(_ device: String) async -> [DevicePart]? {
    (try? await eventLoop.submit { () -> [DevicePart]? in
      let core = self.core.value
      guard let index = core.host.names.firstIndex(of: device), core.host.devices[index] == nil else { return nil }
      if index == 0 { return core.parts }
      return core.hasPower ? [core.parts[index]] : nil
    }.get()) ?? nil
  }
}

extension DeviceClientCore {
  func inspect<Result>(_ look: (any DeviceProgram) -> Result) -> [(status: DeviceStatus, program: Result?)] {
    let now = now
    return host.devices.enumerated().map { index, machine in
      let identity = parts[index].identity
      let moment = host.moment(now, index)
      let status = DeviceStatus(
        name: identity.name, model: identity.model, hasPower: machine != nil, isOnline: machine?.isOnline ?? false,
        boot: machine?.outbox.boot ?? 0, messagesWaiting: machine?.outbox.count ?? 0,
        isClockSet: machine?.clock.isSet ?? false,
        time: machine?.clock.now(moment) ?? moment.hardwareMilliseconds)
      return (status, machine.map { look($0.program) })
    }
  }

  func freshMachine(_ index: Int) throws(FlashError) -> DeviceMachine {
    try parts[index].machine(options.outbox, seed: environment.seed)
  }

  func freshHost() throws(FlashError) -> DeviceHost {
    var machines: [DeviceMachine] = []
    for part in parts { machines.append(try part.machine(options.outbox, seed: environment.seed)) }
    var fresh = DeviceHost(machines, options: options, seed: environment.seed)
    fresh.clockErrors = host.clockErrors
    return fresh
  }

  func replace(_ index: Int, with machine: DeviceMachine?) {
    host.replace(index, with: machine, now)
    perform()
  }

  func setReachable(_ index: Int, _ isNow: Bool) {
    host.setReachable(index, isNow, now)
    perform()
  }
}

extension DeviceClient {
  /// `operateAny` for who is on the event loop already.
  package func operateAnyNow(_ device: String, _ body: (inout any DeviceProgram, inout DeviceDesk) -> Void) {
    core.value.operate(device) { machine, moment in machine.operateAny(moment, body) }
  }
}
