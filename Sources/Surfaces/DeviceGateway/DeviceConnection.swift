import Devices
import Kernel
import MQTT

#if canImport(Glibc)
  import Glibc
#endif

/// One connected device: what the hot path needs to know of it, found once at connecting.
final class DeviceConnection: @unchecked Sendable {
  // Unchecked: the variables are touched on the connection's event loop only (asserted where they are entered from
  // outside); everything else is immutable and Sendable.

  let session: MQTTSession
  let number: DeviceNumber
  let entry: DeviceDirectory.Entry
  let connectedAt: Instant
  let certificateEnds: Instant?
  /// `anju/1/<device>/`.
  let prefix: [UInt8]
  let isGateway: Bool
  let loop: LoopIntake
  /// Payload bytes taken and not yet durable.
  var waitingBytes = 0
  var isPaused = false
  /// What it may bring now that it is read again (`ReadTurns`); 0 when it was heard of since.
  var grantedBytes = 0
  /// Packet identifiers that are durable and go back at the end of this turn; empty between turns.
  var acknowledgements: [UInt16] = []
  /// The tick in which it was last heard of, so that it is told once a tick.
  var heardTick: UInt64 = 0
  /// Clock answers of the current second.
  var timeAnswers = (second: Int64(0), count: 0)
  private var subDevices: [[UInt8]: DeviceNumber] = [:]
  private var subDevicesAt = Instant(microseconds: .min)

  init(
    session: MQTTSession, entry: DeviceDirectory.Entry, connectedAt: Instant, certificateEnds: Instant?,
    loop: LoopIntake
  ) {
    self.session = session
    self.entry = entry
    self.connectedAt = connectedAt
    self.certificateEnds = certificateEnds
    self.loop = loop
    number = entry.number
    prefix = DeviceTopic.prefix(entry.name)
    isGateway = entry.model.model.kind == .gateway
  }

  /// Where a topic leads.
  struct Target {
    let device: DeviceNumber
    /// The gateway's sub-device's name; nil for the device itself.
    let subDevice: DeviceName?
    let topic: UpTopic
  }

  /// Whose and which topic this is; nil when this device may not publish there. One comparison for the device's own,
  /// one look-up more for a sub-device's.
  func target(_ topic: UnsafeRawBufferPointer, _ directory: DeviceDirectory, now: Instant) -> Target? {
    guard prefix.isPrefix(of: topic) else { return nil }
    let rest = UnsafeRawBufferPointer(rebasing: topic[prefix.count...])
    if let up = UpTopic(rest) { return Target(device: number, subDevice: nil, topic: up) }
    guard isGateway, rest.count > 4, rest.prefix(4).elementsEqual("sub/".utf8) else { return nil }
    let tail = rest[4...]
    guard let slash = tail.firstIndex(of: UInt8(ascii: "/")),
      let up = UpTopic(UnsafeRawBufferPointer(rebasing: tail[(slash + 1)...])),
      let found = subDevice(Array(tail[..<slash]), directory, now: now)
    else { return nil }
    return Target(device: found.number, subDevice: found.name, topic: up)
  }

  /// The registry decides which devices a gateway brings; it is asked again after a miss, once a second at most.
  private func subDevice(
    _ name: [UInt8], _ directory: DeviceDirectory, now: Instant
  ) -> DeviceDirectory.Entry? {
    if subDevices[name] == nil, now.microseconds(since: subDevicesAt) >= 1_000_000 {
      subDevicesAt = now
      let snapshot = directory.snapshot()
      subDevices = [:]
      for number in snapshot.subDevices(of: number) {
        if let entry = snapshot[number] { subDevices[Array(entry.name.description.utf8)] = number }
      }
    }
    guard let number = subDevices[name], let entry = directory[number], entry.gateway == self.number,
      !entry.decommissioned
    else { return nil }
    return entry
  }
}
