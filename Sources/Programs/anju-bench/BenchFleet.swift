import Devices
import Kernel
import LoadGenerator
import Server

/// The devices that the generator speaks for: electricity meters named as `LoadPlan.deviceName` says.
enum BenchFleet {
  static let model = "electricity.basic"
  /// The properties that `LoadPlan.content` sends.
  static let properties: Set<String> = ["energyWh", "powerWatts"]

  /// One organisation, one principal that may do all.
  static let principal = Principal(
    id: SystemSources.ids.next(), kind: .platform, organisation: SystemSources.ids.next(), name: "bench",
    permissions: Set(Permission.allCases))

  /// Lines of a file: what one file's transaction takes stays with the process, and is no part of what devices take.
  private static let linesMax = 500

  /// Registers meters as an operator would, a file a building.
  ///
  /// - Throws: `Failure` when one is not taken.
  static func register(_ count: Int, in devices: Devices) async throws {
    for start in stride(from: 0, to: count, by: linesMax) {
      let end = min(start + linesMax, count)
      let lines = (start..<end).map { "\(LoadPlan.deviceName($0)),\(model)\n" }
      let report = try await devices.register(csv: Array(("name,model\n" + lines.joined()).utf8), by: principal)
      guard report.registered == end - start else { throw Failure.refused(report.refused) }
    }
  }

  enum Failure: Error {
    case refused(Int)
  }
}
