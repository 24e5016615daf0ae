import ArgumentParser

/// A virtual building of locks, detectors and meters for a platform on this machine.
@main
struct AnjuBuilding: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "anju-building",
    abstract: "A building of virtual devices that speak to Anju exactly as hardware would.",
    discussion: """
      Locks, smoke detectors, electricity and water meters in every room; on every floor a gas meter and an \
      electrical-fire detector behind a gateway. Names: LK-0803 is the lock of room 03 on floor 08; SD, EM, WM \
      likewise; GM-08, EF-08 and GW-08 belong to floor 08.

      All behaviour follows from --seed. See docs/virtual-building.md.
      """,
    subcommands: [Run.self, Do.self, List.self, Plan.self])
}
