import Testing

@Suite("A Swift file")
struct FileSizeTests {
  static let linesMax = 400
  static let charactersMax = 120

  /// What is too long in a text.
  static func excess(_ text: String) -> [String] {
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    if lines.last == "" { lines.removeLast() }
    let long = lines.enumerated().filter { $0.element.count > charactersMax }
    return (lines.count > linesMax ? ["\(lines.count) lines"] : [])
      + long.map { "line \($0.offset + 1): \($0.element.count) characters" }
  }

  @Test("has at most 400 lines of at most 120 characters", arguments: ["Sources", "Tests"])
  func sizes(_ folder: String) throws {
    let tree = SourceTree.package
    var excess: [String] = []
    for file in try tree.swiftFiles(in: folder) {
      excess += Self.excess(try tree.text(folder, file)).map { "\(file): \($0)" }
    }
    #expect(excess == [])
  }

  @Test("that is too long or too wide is found")
  func found() {
    let line = String(repeating: "x", count: 120)
    #expect(Self.excess(String(repeating: line + "\n", count: 400)) == [])
    #expect(Self.excess(String(repeating: "x\n", count: 401)) == ["401 lines"])
    #expect(Self.excess("x\n\(line)x\n") == ["line 2: 121 characters"])
  }
}
