import DeviceKit

/// A lock's program with the protocol's own SDK, as firmware would have it.
struct KeyedLock: DeviceProgram {
  let services = [
    "unlock": ServiceRule(isDangerous: true), "issueCredential": ServiceRule(isProtected: true),
    "selfTest": ServiceRule(),
  ]
  private(set) var unlocked = 0

  mutating func perform(_ command: Command, _ desk: inout DeviceDesk) -> CommandOutcome? {
    if command.service == "unlock" { unlocked += 1 }
    return .done()
  }
}
