import Estate
import Kernel
import TestSupport
import Testing

@testable import Devices

@Suite("Registration from a file")
struct BatchTests {
  private func outcomes(_ report: BatchReport) -> [String] {
    report.lines.map { line in
      switch line.outcome {
      case .registered: "\(line.line) \(line.name) registered"
      case .unchanged: "\(line.line) \(line.name) unchanged"
      case .refused(let code, _): "\(line.line) \(line.name) \(code)"
      }
    }
  }

  @Test("each line is reported, wrong ones do not stop the others")
  func lines() async throws {
    let fixture = try await Fixture()
    let estate = Estate(work: fixture.fresh.work)
    let project = try await estate.openProject(name: "P", by: fixture.principal)
    for name in ["1号楼", "2号楼"] {
      _ = try await estate.addBuilding(
        NewBuilding(project: project.id, name: name, floors: 1, roomsOfFloor: 2), by: fixture.principal)
    }
    let csv = #"""
      \#u{feff}序列号,型号,楼栋,房间,标签\#r
      LK-1,lock.basic,1号楼,101,"a|b ""x"""\#r
      LK-1,lock.basic,,,\#r
      =1+1,lock.basic,,,\#r
      LK-2,no.such,,,\#r
      LK-3,lock.basic,,101,\#r
      LK-4,lock.basic,1号楼,999,\#r

      LK-5,"lock.basic",,,
      """#
    let report = try await fixture.devices.register(csv: Array(csv.utf8), by: fixture.principal)
    #expect(
      outcomes(report) == [
        "2 LK-1 registered", "3 LK-1 batch.duplicate", "4 =1+1 device.nameInvalid", "5 LK-2 model.unknown",
        "6 LK-3 device.fieldInvalid", "7 LK-4 device.fieldInvalid", "9 LK-5 registered",
      ])
    let detail = try await fixture.devices.device(named: "LK-1", by: fixture.principal)
    #expect(detail.device.labels == ["a", "b \"x\""])
    #expect(detail.device.place != nil)
    let again = try await fixture.devices.register(csv: Array(csv.utf8), by: fixture.principal)
    #expect(again.registered == 0 && again.unchanged == 2)
    #expect(String(decoding: report.csv, as: UTF8.self).contains("4,'=1+1,refused"))
    let stranger = try await fixture.devices.register(csv: Array(csv.utf8), by: fixture.stranger())
    #expect(outcomes(stranger).first == "2 LK-1 device.nameTaken")
  }

  @Test("a file that a Chinese spreadsheet wrote in GBK is read")
  func gbk() async throws {
    let fixture = try await Fixture()
    // 序列号,型号,标签 and 楼道 in GBK.
    let csv: [UInt8] =
      [0xd0, 0xf2, 0xc1, 0xd0, 0xba, 0xc5, 0x2c, 0xd0, 0xcd, 0xba, 0xc5, 0x2c, 0xb1, 0xea, 0xc7, 0xa9, 0x0a]
      + Array("LK-1,lock.basic,".utf8) + [0xc2, 0xa5, 0xb5, 0xc0, 0x0a]
    let report = try await fixture.devices.register(csv: csv, by: fixture.principal)
    #expect(report.registered == 1)
    #expect(try await fixture.devices.device(named: "LK-1", by: fixture.principal).device.labels == ["楼道"])
  }

  @Test(
    "a file that is no such table is refused as a whole, with its reason",
    arguments: [
      ("", "it is empty"), ("name\nx", "the heading needs the columns name and model"),
      ("name,model,colour\n", "the heading has an unknown column \"colour\""),
      ("name,model\n\"a,b\n", "a quote that begins in line 2 never ends"),
      ("name,model\u{0}", "it is neither UTF-8 nor GBK text"),
      ("name,name,model", "the heading has the column \"name\" twice"),
    ])
  func unreadable(csv: String, problem: String) async throws {
    let fixture = try await Fixture()
    await #expect(throws: DevicesError.fileUnreadable(problem: problem)) {
      try await fixture.devices.register(csv: Array(csv.utf8), by: fixture.principal)
    }
  }

  @Test("ten thousand lines are taken, one more is too many")
  func limit() async throws {
    let fixture = try await Fixture()
    let lines = (0..<10_000).map { "M-\($0),electricity.basic" }
    let csv = "name,model\n" + lines.joined(separator: "\n")
    let report = try await fixture.devices.register(csv: Array(csv.utf8), by: fixture.principal)
    #expect(report.registered == 10_000)
    #expect(fixture.devices.directory.count == 10_000)
    await #expect(throws: DevicesError.fileTooLarge(limit: 10_000)) {
      try await fixture.devices.register(csv: Array((csv + "\nM,electricity.basic").utf8), by: fixture.principal)
    }
  }
}
