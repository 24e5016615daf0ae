import Foundation
import Testing

@Suite("Every normative statement of MQTT is accounted for")
struct CoverageTests {
  private static let repository = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  private static func rows(_ name: String) throws -> [[String]] {
    let file = repository.appending(path: "conformance/mqtt/\(name).tsv")
    let text = try String(contentsOf: file, encoding: .utf8)
    return text.split(separator: "\n").dropFirst().map { $0.components(separatedBy: "\t") }
  }

  private static func statements() throws -> [Statement] {
    try ProtocolVersion.allCases.flatMap { version in
      try rows("statements-\(version.rawValue)").map { Statement(version: version, id: $0[0]) }
    }
  }

  private static func excused() throws -> [Statement] {
    try rows("not-tested").map { row in
      Statement(version: try #require(ProtocolVersion(rawValue: row[0])), id: row[1])
    }
  }

  /// What the vectors say they prove; the vectors themselves are tests that run.
  private static func proved() throws -> Set<Statement> {
    Set(try (Vector.read(.broker) + Vector.read(.client)).flatMap(\.statements))
  }

  @Test("the lists have as many statements as the standards' appendices", arguments: [("3.1.1", 141), ("5.0", 251)])
  func listsAreComplete(version: String, count: Int) throws {
    let rows = try Self.rows("statements-\(version)")
    #expect(rows.count == count)
    #expect(Set(rows.map { $0[0] }).count == count, "an id stands once")
    for row in rows {
      #expect(row.count == 3 && ["server", "client", "both"].contains(row[1]) && !row[2].isEmpty, "\(row)")
    }
  }

  @Test("each statement is named by a vector or has a reason why not, never both")
  func statementsAreNamed() throws {
    let (proved, excused) = (try Self.proved(), Set(try Self.excused()))
    for statement in try Self.statements() {
      #expect(proved.contains(statement) != excused.contains(statement), "\(statement)")
    }
  }

  @Test("vectors and reasons name only statements that exist")
  func namesExist() throws {
    let known = Set(try Self.statements())
    for statement in try Self.proved().union(Self.excused()) { #expect(known.contains(statement), "\(statement)") }
    #expect(try Self.excused().count == Set(try Self.excused()).count, "a reason stands once")
    for row in try Self.rows("not-tested") { #expect(row.count == 3 && row[2].count > 20, "\(row)") }
  }

  @Test("each vector names at least one statement")
  func vectorsNameStatements() throws {
    for vector in try Vector.read(.broker) + Vector.read(.client) {
      #expect(!vector.statements.isEmpty, "\(vector.file):\(vector.line) \(vector.name)")
    }
  }
}
