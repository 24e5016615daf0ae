import Foundation
import Testing

/// `docs/security.md` says what shows each statement: a name that is none would be a claim without proof.
@Suite("docs/security.md")
struct SecurityDocumentTests {
  private static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  @Test("names tests that exist, and every file that it leads to is there")
  func names() throws {
    let text = try String(contentsOf: Self.root.appendingPathComponent("docs/security.md"), encoding: .utf8)
    var sources: [String: String] = [:]
    var count = 0
    for match in text.matches(of: #/\b([A-Z]\w+Tests)\/([A-Z]\w+)(?:\/([a-z]\w*))?/#) {
      let (target, suite) = (String(match.output.1), String(match.output.2))
      let source = try sources[target] ?? Self.source(of: target)
      sources[target] = source
      #expect(source.contains("struct \(suite)"), "\(match.output.0)")
      if let function = match.output.3 { #expect(source.contains("func \(function)("), "\(match.output.0)") }
      count += 1
    }
    #expect(count > 60)
    for match in text.matches(of: #/\]\(([a-z-]+\.md)\)/#) {
      let file = Self.root.appendingPathComponent("docs/\(match.output.1)")
      #expect(FileManager.default.fileExists(atPath: file.path), "\(match.output.1)")
    }
  }

  @Test("says of every kind of bad input where it is refused, how, and which test shows it")
  func badInput() throws {
    let text = try String(contentsOf: Self.root.appendingPathComponent("docs/security.md"), encoding: .utf8)
    let section = try #require(text.split(separator: "\n## ").first { $0.hasPrefix("Bad input\n") })
    let rows = section.split(separator: "\n").filter { $0.hasPrefix("| ") }.dropFirst()
    var found: Set<String> = []
    for row in rows {
      let cells = row.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
      #expect(cells.count == 4, "\(row)")
      found.insert(cells.first ?? "")
      #expect(cells.last?.contains(#/[A-Z]\w+Tests\/[A-Z]\w+\/[a-z]/#) == true, "\(row)")
    }
    #expect(
      found == [
        "wrong tag", "moved ciphertext", "old key", "unknown suite", "expired epoch", "replay", "cut-off vault socket",
        "token gone", "disk full", "clock jump", "forged CSR", "revoked chain", "quota exceeded",
      ])
  }

  private static func source(of target: String) throws -> String {
    let folder = root.appendingPathComponent("Tests/\(target)")
    return try FileManager.default.subpathsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".swift") }
      .map { try String(contentsOf: folder.appendingPathComponent($0), encoding: .utf8) }.joined(separator: "\n")
  }
}
