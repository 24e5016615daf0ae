import Audit
import Estate
package import Kernel
import SQLStore

extension Devices {
  /// Lines of a registration file, without the heading.
  package static let batchLinesMax = 10_000
  /// Bytes of a registration file.
  package static let batchBytesMax = 8 << 20
  /// Lines that share a unit of work.
  private static let batchStep = 250

  /// Registers the devices of a CSV file, each line for itself; needs `devices.write`.
  ///
  /// The heading names the columns, in any order: `name`, `model`, and as wanted `modelVersion`, `building`, `unit`,
  /// `room`, `gateway`, `labels` (separated by `|`); or 序列号, 型号, 型号版本, 楼栋, 单元, 房间, 网关, 标签. A line
  /// whose device is registered already by the same organisation changes nothing.
  ///
  /// - Returns: what became of each line.
  /// - Throws: `.fileUnreadable`, `.fileTooLarge`.
  package func register(csv: [UInt8], by principal: Principal) async throws(DevicesError) -> BatchReport {
    try principal.may(.devicesWrite)
    guard csv.count <= Self.batchBytesMax else { throw .fileTooLarge(limit: Self.batchLinesMax) }
    let (columns, lines) = try Self.parse(csv)
    let catalogue = catalogue
    var report: [BatchReport.Line] = []
    var seen: [String: Int] = [:]
    for start in stride(from: 0, to: lines.count, by: Self.batchStep) {
      let slice = Array(lines[start..<min(start + Self.batchStep, lines.count)])
      let before = seen
      let (outcomes, admitted) = try await work.run(DevicesError.self) { unit in
        try unit.register(slice, columns, catalogue, seen: before, by: principal)
      }
      admit(admitted)
      report += outcomes
      for line in slice { seen[columns.value(.name, line)] = seen[columns.value(.name, line)] ?? line.number }
    }
    return BatchReport(lines: report)
  }

  private static func parse(_ csv: [UInt8]) throws(DevicesError) -> (BatchColumns, [CSVReader.Line]) {
    let lines: [CSVReader.Line]
    do {
      lines = try CSVReader.read(csv, linesMax: batchLinesMax + 1)
    } catch {
      switch error {
      case .notText: throw .fileUnreadable(problem: "it is neither UTF-8 nor GBK text")
      case .openQuote(let line): throw .fileUnreadable(problem: "a quote that begins in line \(line) never ends")
      case .fieldTooLong(let line): throw .fileUnreadable(problem: "line \(line) has a field that is too long")
      case .tooManyLines: throw .fileTooLarge(limit: batchLinesMax)
      }
    }
    guard let heading = lines.first else { throw .fileUnreadable(problem: "it is empty") }
    return (try BatchColumns(heading), Array(lines.dropFirst()))
  }
}

/// Where each column of a registration file stands.
struct BatchColumns: Sendable {
  enum Column: CaseIterable, Sendable {
    case name
    case model
    case modelVersion
    case building
    case unit
    case room
    case gateway
    case labels

    var headings: [String] {
      switch self {
      case .name: ["name", "序列号", "设备序列号", "设备编号"]
      case .model: ["model", "型号", "物模型"]
      case .modelVersion: ["modelversion", "型号版本"]
      case .building: ["building", "楼栋"]
      case .unit: ["unit", "单元"]
      case .room: ["room", "房间"]
      case .gateway: ["gateway", "网关"]
      case .labels: ["labels", "标签"]
      }
    }
  }

  private var places: [Column: Int] = [:]

  init(_ heading: CSVReader.Line) throws(DevicesError) {
    for (place, text) in heading.fields.enumerated() where !text.isEmpty {
      let word = text.lowercased()
      guard let column = Column.allCases.first(where: { $0.headings.contains(word) }) else {
        throw .fileUnreadable(problem: "the heading has an unknown column \"\(String(text.prefix(40)))\"")
      }
      guard places.updateValue(place, forKey: column) == nil else {
        throw .fileUnreadable(problem: "the heading has the column \"\(text)\" twice")
      }
    }
    guard places[.name] != nil, places[.model] != nil else {
      throw .fileUnreadable(problem: "the heading needs the columns name and model")
    }
  }

  /// The field of a column; empty when the line or the file lacks it.
  func value(_ column: Column, _ line: CSVReader.Line) -> String {
    guard let place = places[column], place < line.fields.count else { return "" }
    return line.fields[place]
  }
}

extension Unit {
  fileprivate func register(
    _ lines: [CSVReader.Line], _ columns: BatchColumns, _ catalogue: ThingModelCatalogue, seen: [String: Int],
    by principal: Principal
  ) throws -> ([BatchReport.Line], [Device]) {
    var seen = seen
    var admitted: [Device] = []
    let report = try lines.map { line in
      let name = columns.value(.name, line)
      let first = seen[name]
      seen[name] = first ?? line.number
      do {
        if let first { throw BatchRefusal.duplicate(first) }
        let (device, isNew) = try sql.savepoint { try register(line, columns, catalogue, by: principal) }
        if isNew { admitted.append(device) }
        return BatchReport.Line(
          line: line.number, name: name, outcome: isNew ? .registered(device.id) : .unchanged(device.id))
      } catch let error as DevicesError {
        return .refused(line, name, error.code, error.reason)
      } catch let refusal as BatchRefusal {
        return .refused(line, name, "batch.duplicate", refusal.reason)
      }
    }
    return (report, admitted)
  }

  private func register(
    _ line: CSVReader.Line, _ columns: BatchColumns, _ catalogue: ThingModelCatalogue, by principal: Principal
  ) throws -> (Device, isNew: Bool) {
    let name = columns.value(.name, line)
    let model = columns.value(.model, line)
    if let there = try sql.device(named: name)?.device {
      let isReached = try Estate.reach(of: principal, for: .devicesWrite, in: sql).contains(there.place?.building)
      guard there.organisation == principal.organisation, isReached, there.model == model,
        there.status != .decommissioned
      else {
        throw DevicesError.nameTaken(String(name.prefix(64)))
      }
      return (there, false)
    }
    var version: Int?
    let versionText = columns.value(.modelVersion, line)
    if !versionText.isEmpty {
      guard let number = Int(versionText) else {
        throw DevicesError.fieldInvalid(field: "modelVersion", problem: "must be a whole number")
      }
      version = number
    }
    let gateway = columns.value(.gateway, line)
    let labels = columns.value(.labels, line).split(separator: "|").map(String.init)
    let new = NewDevice(
      name: name, model: model, modelVersion: version, room: try room(line, columns, principal.organisation),
      gateway: gateway.isEmpty ? nil : gateway, labels: labels)
    let device = try register(new, catalogue, organisation: principal.organisation)
    try requireReach(device.place, principal)
    try audit(.create, "device", device.id, by: principal, .plain("name", name), .plain("model", model))
    return (device, true)
  }

  private func room(
    _ line: CSVReader.Line, _ columns: BatchColumns, _ organisation: ID<Organisation>
  ) throws -> ID<Room>? {
    let (building, unit) = (columns.value(.building, line), columns.value(.unit, line))
    let room = columns.value(.room, line)
    if room.isEmpty { return nil }
    let found = try Estate.rooms(
      named: room, unit: unit.isEmpty ? nil : unit, building: building, organisation: organisation, in: sql)
    guard let only = found.first else {
      throw DevicesError.fieldInvalid(field: "room", problem: "there is no such room in this building")
    }
    guard found.count == 1 else {
      throw DevicesError.fieldInvalid(field: "room", problem: "several rooms have this name: give building and unit")
    }
    return only
  }
}

/// A line that names a device which an earlier line of the file names.
private enum BatchRefusal: Error {
  case duplicate(Int)

  var reason: String {
    switch self {
    case .duplicate(let line): "line \(line) names the same device"
    }
  }
}

extension BatchReport.Line {
  fileprivate static func refused(
    _ line: CSVReader.Line, _ name: String, _ code: String, _ reason: String
  ) -> BatchReport.Line {
    BatchReport.Line(
      line: line.number, name: String(name.prefix(64)), outcome: .refused(code: code, reason: reason))
  }
}

extension BatchReport {
  /// The report as CSV, with a byte order mark so that spreadsheets read it as UTF-8; nothing in it is a formula.
  package var csv: [UInt8] {
    var text = "\u{feff}line,name,outcome,code,reason\r\n"
    for line in lines {
      let (outcome, code, reason) =
        switch line.outcome {
        case .registered: ("registered", "", "")
        case .unchanged: ("unchanged", "", "")
        case .refused(let code, let reason): ("refused", code, reason)
        }
      let fields = [String(line.line), line.name, outcome, code, reason]
      text += fields.map(CSVReader.written).joined(separator: ",") + "\r\n"
    }
    return Array(text.utf8)
  }
}
