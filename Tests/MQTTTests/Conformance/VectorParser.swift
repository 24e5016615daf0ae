/// Reads a vector file.
struct VectorParser {
  private let file: String
  private var line = 0
  private var fileVersions: [ProtocolVersion] = []
  private var finished: [Vector] = []
  private var draft: Draft?

  /// A vector in the making, for all its versions at once.
  private struct Draft {
    var line: Int
    var name: String
    var versions: [ProtocolVersion]
    var tags: [(line: Int, row: String)] = []
    var settings: [NamedPacket.Field] = []
    var steps: [Vector.Step] = []
  }

  init(file: String) { self.file = file }

  /// - Throws: the first fault with file and line.
  mutating func parse(_ text: String) throws(VectorFault) -> [Vector] {
    for row in text.split(separator: "\n", omittingEmptySubsequences: false) {
      line += 1
      do throws(VectorFault) {
        try take(String(row.drop { $0 == " " }))
      } catch {
        throw VectorFault("\(file):\(line): \(error)")
      }
    }
    try finish()
    return finished
  }

  private mutating func take(_ row: String) throws(VectorFault) {
    if row.isEmpty { return }
    if row.hasPrefix("== ") {
      try finish()
      draft = Draft(line: line, name: String(row.dropFirst(3)), versions: fileVersions)
    } else if row.hasPrefix("#") {
      draft?.tags.append((line, row))
    } else if row.hasPrefix("versions ") {
      try versions(row)
    } else if row.hasPrefix("broker ") || row.hasPrefix("client ") {
      draft?.settings += try VectorLine.fields(VectorLine.words(row).dropFirst())
    } else {
      guard draft != nil else { throw VectorFault("a step before the first vector") }
      let step = try VectorLine.step(row, line: line)
      draft?.steps.append(step)
    }
  }

  private mutating func versions(_ row: String) throws(VectorFault) {
    var versions: [ProtocolVersion] = []
    for word in row.split(separator: " ").dropFirst() {
      guard let version = ProtocolVersion(rawValue: String(word)) else { throw VectorFault("no version: \(word)") }
      versions.append(version)
    }
    if draft == nil { fileVersions = versions } else { draft?.versions = versions }
  }

  /// `# 3.1.1 [MQTT-3.1.0-1] 5.0 [MQTT-3.1.0-1] words`; a vector of one version need not name it.
  private func statements(_ row: String, of versions: [ProtocolVersion]) throws(VectorFault) -> [Statement] {
    var version = versions.count == 1 ? versions[0] : nil
    var statements: [Statement] = []
    for word in row.split(separator: " ").dropFirst() {
      if let named = ProtocolVersion(rawValue: String(word)) {
        version = named
      } else if word.hasPrefix("[MQTT-"), word.hasSuffix("]") {
        guard let version else { throw VectorFault("say which version \(word) is of") }
        guard versions.contains(version) else { throw VectorFault("\(word) is of another version") }
        statements.append(Statement(version: version, id: String(word.dropFirst().dropLast())))
      }
    }
    return statements
  }

  private mutating func finish() throws(VectorFault) {
    guard let draft else { return }
    guard !draft.versions.isEmpty else { throw VectorFault("\(draft.name): no version") }
    guard !draft.steps.isEmpty else { throw VectorFault("\(draft.name): no step") }
    var statements: [Statement] = []
    for tag in draft.tags {
      do throws(VectorFault) {
        statements += try self.statements(tag.row, of: draft.versions)
      } catch {
        throw VectorFault("\(file):\(tag.line): \(error)")
      }
    }
    for version in draft.versions {
      finished.append(
        Vector(
          file: file, line: draft.line, name: draft.name, version: version,
          statements: statements.filter { $0.version == version },
          settings: draft.settings, steps: draft.steps))
    }
    self.draft = nil
  }
}
