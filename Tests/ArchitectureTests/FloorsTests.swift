import TestSupport
import Testing

@Suite("The floors of the house")
struct FloorsTests {
  static let made = Floors(
    files: [
      "Programs/Server/a.swift", "Programs/anju/a.swift", "Surfaces/OpenAPI/a.swift", "Surfaces/Console/a.swift",
      "Surfaces/DeviceGateway/a.swift", "Contexts/Accounts/a.swift", "Contexts/Estate/a.swift",
      "Contexts/Devices/a.swift", "Contexts/Alarms/a.swift", "Kernel/Kernel/a.swift", "Instruments/MQTT/a.swift",
      "Instruments/SQLStore/SQLite/a.swift", "Instruments/CGuomi/a.c", "Instruments/Guomi/a.swift",
      "SDK/DeviceKit/a.swift", "System/CLibpq/module.modulemap", "TestSupport/a.swift",
      "TestPrograms/anju-crash-probe/a.swift",
    ])

  @Test("no import runs upwards", .clause("5.3"))
  func imports() throws {
    let tree = SourceTree.package
    let files = try tree.swiftFiles(in: "Sources")
    let floors = Floors(
      files: files + [
        "Instruments/CGuomi/x", "System/CLibpq/x", "System/COpenSSL/x", "System/CPKCS11/x", "System/CSodium/x",
      ])
    #expect(files.count > 100)
    var objections: [String] = []
    for file in files {
      guard let place = Floors.place(of: file) else {
        objections.append("\(file) is on no floor")
        continue
      }
      for other in Floors.imports(of: try tree.text("Sources", file)) {
        guard let objection = floors.objection(place.module, imports: other) else { continue }
        objections.append("\(file): \(objection)")
      }
    }
    #expect(objections == [])
  }

  @Test(
    "an import that does is found",
    arguments: [
      ("Kernel", "Devices"), ("Accounts", "Estate"), ("Estate", "Alarms"), ("Devices", "OpenAPI"), ("MQTT", "Kernel"),
      ("MQTT", "SQLStore"), ("OpenAPI", "Console"), ("DeviceGateway", "OpenAPI"),
      ("Console", "Server"), ("DeviceKit", "Kernel"), ("DeviceKit", "Devices"), ("Devices", "DeviceKit"),
      ("DeviceGateway", "DeviceKit"), ("Server", "TestSupport"), ("Kernel", "TestSupport"), ("Console", "CLibpq"),
      ("CGuomi", "Guomi"), ("MQTT", "CGuomi"), ("MQTT", "Guomi"), ("Kernel", "Server"),
    ])
  func found(_ module: String, _ other: String) {
    #expect(Self.made.objection(module, imports: other) != nil)
  }

  @Test(
    "an import that runs down is none",
    arguments: [
      ("Server", "DeviceKit"), ("Server", "Alarms"), ("anju", "Server"), ("Console", "OpenAPI"), ("Alarms", "Accounts"),
      ("Alarms", "Devices"), ("Devices", "Kernel"), ("Kernel", "SQLStore"), ("SQLStore", "CLibpq"),
      ("DeviceKit", "MQTT"), ("Guomi", "CGuomi"), ("Devices", "Foundation"), ("Kernel", "Kernel"),
    ])
  func allowed(_ module: String, _ other: String) {
    #expect(Self.made.objection(module, imports: other) == nil)
  }

  @Test("every form of an import is read, and nothing that only looks like one")
  func reading() {
    let text = """
      import A
        package import B // why
      @testable import C
      @preconcurrency public import struct D.Thing
      @_spi(Some) internal import E.Part
      // import F
      /// import G
      let text = "import H"
      importI()
      """
    #expect(Floors.imports(of: text) == ["A", "B", "C", "D", "E"])
  }
}
