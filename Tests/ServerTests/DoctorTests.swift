import Foundation
import Testing

@testable import Server

@Suite("The doctor")
struct DoctorTests {
  private let doctor: Doctor
  private let folder = FileManager.default.temporaryDirectory.appendingPathComponent("anju-doctor-\(UUID().uuidString)")

  init() throws {
    let settings = try ServerConfiguration.read(
      options: [.data: folder.path, .vendor: folder.path], environment: [:], currentFolder: folder)
    doctor = Doctor(configuration: settings)
  }

  @Test("a full disk is wrong, a filling one is to watch")
  func disk() {
    #expect(doctor.disk(freeBytes: 100 << 20).health == .wrong)
    #expect(doctor.disk(freeBytes: 1 << 30).health == .warning)
    #expect(doctor.disk(freeBytes: 50 << 30).health == .good)
    #expect(doctor.disk(freeBytes: nil).health == .wrong)
  }

  @Test("a taken port is found and named")
  func takenPort() throws {
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(listener) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let bound = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(listener, $0, size) == 0 && listen(listener, 1) == 0 && getsockname(listener, $0, &size) == 0
      }
    }
    try #require(bound)
    let port = Int(UInt16(bigEndian: address.sin_port))
    let finding = doctor.port(port, of: "devices", option: "--mqtt-port")
    #expect(finding.health == .wrong)
    #expect(finding.text.contains("\(port)"))
    #expect(finding.remedy?.contains("--mqtt-port") == true)
    #expect(doctor.port(0, of: "devices", option: "--mqtt-port").health == .good)
  }

  @Test("a clock that stands before the newest data is wrong")
  func clockBehind() throws {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try Data().write(to: folder.appendingPathComponent("anju.db"))
    #expect(doctor.clockAgainstData(now: Date()).health == .good)
    #expect(doctor.clockAgainstData(now: Date(timeIntervalSinceNow: -86_400)).health == .wrong)
    #expect(doctor.clock(synchronised: false).health == .warning)
  }

  @Test("a data folder that others may read is wrong")
  func rights() throws {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    chmod(folder.path, 0o755)
    #expect(doctor.folder().health == .wrong)
    chmod(folder.path, 0o700)
    #expect(doctor.folder().health == .good)
  }

  @Test("it says whether identity certificates can carry the address of their list")
  func publicAddress() throws {
    #expect(doctor.publicAddress().text.contains("--public-address"))
    let settings = try ServerConfiguration.read(
      options: [.data: folder.path, .vendor: folder.path, .publicAddress: "https://anju.example.com"],
      environment: [:], currentFolder: folder)
    #expect(Doctor(configuration: settings).publicAddress().text.contains("https://anju.example.com"))
  }

  @Test("checkpoints that are copied nowhere are to watch")
  func auditCopies() throws {
    #expect(doctor.auditCopies().health == .warning)
    #expect(doctor.auditCopies().remedy?.contains("--audit-copies") == true)
    for key in [ServerConfiguration.Key.auditCopies, .auditCommand] {
      let settings = try ServerConfiguration.read(
        options: [.data: folder.path, .vendor: folder.path, key: "/mnt/copies"], environment: [:],
        currentFolder: folder)
      #expect(Doctor(configuration: settings).auditCopies().health == .good)
    }
  }

  @Test("every finding that is not good says how to mend it")
  func remedies() {
    for finding in doctor.findings() where finding.health != .good { #expect(finding.remedy != nil) }
  }
}
