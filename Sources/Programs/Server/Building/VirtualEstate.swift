import Devices
import Estate
import Foundation
import Kernel
import VirtualBuilding

/// Puts the virtual building into service as an operator would: its rooms into the estate, its devices into the
/// registry by the file that lists them, and a certificate for each that connects itself. What is there stays.
struct VirtualEstate: Sendable {
  let estate: Estate
  let devices: Devices
  /// The CA that the devices are to trust.
  let authorityPEM: String
  /// Where the devices' credentials are kept.
  let folder: URL
  /// Of ten floors or more: both sides then name the rooms alike, with two digits for the floor.
  var plan = BuildingPlan()

  static let projectName = "示范公寓"
  static let buildingName = "1 号楼"

  func prepare(by platform: Principal) async throws {
    let enrolment = BuildingEnrolment(plan: plan, folder: BuildingFolder(folder))
    guard !enrolment.isComplete else { return }
    try await addBuilding(platform)
    let report = try await devices.register(csv: Array(plan.registryCSV.utf8), by: platform)
    for line in report.lines {
      guard case .refused(_, let reason) = line.outcome else { continue }
      throw ServerError.buildingRefused(line: line.line, name: line.name, reason: reason)
    }
    try await enrolment.enrol(authorityPEM: authorityPEM) { requests in
      var certificates: [String: String] = [:]
      for start in stride(from: 0, to: requests.count, by: Devices.certificateRequestsMax) {
        let some = requests[start..<min(start + Devices.certificateRequestsMax, requests.count)]
        let issued = try await devices.issueCertificates(some.map { ($0.device, $0.pem) }, by: platform)
        certificates.merge(issued.mapValues(\.certificatePEM)) { $1 }
      }
      return certificates
    }
  }

  private func addBuilding(_ platform: Principal) async throws {
    let first = PageRequest(limit: 200)
    let project: Project
    if let there = try await estate.projects(first, by: platform).items.first(where: { $0.name == Self.projectName }) {
      project = there
    } else {
      project = try await estate.openProject(name: Self.projectName, by: platform)
    }
    let buildings = try await estate.buildings(project: project.id, first, by: platform).items
    guard !buildings.contains(where: { $0.name == Self.buildingName }) else { return }
    let new = NewBuilding(
      project: project.id, name: Self.buildingName, floors: plan.floors, roomsOfFloor: plan.roomsPerFloor)
    _ = try await estate.addBuilding(new, by: platform)
  }
}
