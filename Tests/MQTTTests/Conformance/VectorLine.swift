/// Reads one step of a vector.
enum VectorLine {
  /// Reads `a> …`, `a< …`, `a<~ …`, `a verb …` or `advance 15`.
  static func step(_ row: String, line: Int) throws(VectorFault) -> Vector.Step {
    let words = try words(row)
    let first = words[0].text
    let rest = words.dropFirst()
    var step = Vector.Step(line: line, text: row, connection: "", action: .open)
    if ["advance", "distinct", "either"].contains(first) {
      step.action = try global(first, rest)
    } else if first.hasSuffix(">") {
      step.connection = String(first.dropLast())
      step.action = try isPacket(rest) ? .sendPacket(packet(rest)) : .sendBytes(terms(rest))
    } else if first.hasSuffix("<~") {
      step.connection = String(first.dropLast(2))
      step.action = .expectPacket(try packet(rest), anyOrder: true)
    } else if first.hasSuffix("<") {
      step.connection = String(first.dropLast())
      step.action = try isPacket(rest) ? .expectPacket(packet(rest), anyOrder: false) : .expectBytes(terms(rest))
    } else {
      step.connection = first
      step.action = try verb(rest)
    }
    return step
  }

  private static func global(_ verb: String, _ rest: ArraySlice<Word>) throws(VectorFault) -> Vector.Action {
    if verb == "distinct" { return .distinct(rest.map(\.text)) }
    if verb == "either" {
      guard let who = rest.first, rest.dropFirst().first?.text == "receives" else {
        throw VectorFault("either a,b receives …")
      }
      return .either(who.text.split(separator: ",").map(String.init), try packet(.publish, rest.dropFirst(2)))
    }
    guard let text = rest.first?.text, let seconds = Double(text) else { throw VectorFault("advance by what?") }
    return .advance(milliseconds: Int((seconds * 1000).rounded()))
  }

  private static func verb(_ words: ArraySlice<Word>) throws(VectorFault) -> Vector.Action {
    let rest = words.dropFirst()
    switch words.first?.text {
    case "open": return .open
    case "closed": return .closed
    case "quiet": return .quiet
    case "drop": return .drop
    case "fails":
      let (codes, orSilently) = try reasons(rest)
      return .fails(codes, orSilently: orSilently)
    case "refused":
      let (codes, orSilently) = try reasons(rest)
      return .refused(codes, orSilently: orSilently)
    case "connects": return .connects(try packet(.connect, rest), present: "0")
    case "resumes": return .connects(try packet(.connect, rest), present: "1")
    case "does": return .does(rest.first?.text ?? "", try fields(rest.dropFirst()))
    case "told": return .told(rest.first?.text ?? "", try fields(rest.dropFirst()))
    case "publishes": return .publishes(try packet(.publish, rest))
    case "receives": return .receives(try packet(.publish, rest))
    case "subscribes":
      var fields: [NamedPacket.Field] = []
      for word in rest {
        if let form = word.name, PropertyForm.byName[form] != nil {
          fields.append(.init(name: form, value: word.value))
        } else {
          fields.append(.init(name: "filter", value: word.name.map { "\($0)=\(word.value)" } ?? word.text))
        }
      }
      return .subscribes(NamedPacket(kind: .subscribe, fields: fields))
    default: throw VectorFault("unknown verb \(words.first?.text ?? "")")
    }
  }

  /// `81|82|-`: the codes that may be given as the reason, and whether none need be.
  private static func reasons(_ words: ArraySlice<Word>) throws(VectorFault) -> ([UInt8], orSilently: Bool) {
    guard let parts = words.first?.text.split(separator: "|") else { throw VectorFault("with which code?") }
    let named = parts.filter { $0 != "-" }
    return (try NamedPacket.codes(named.joined(separator: ",")), named.count < parts.count)
  }

  private static func isPacket(_ words: ArraySlice<Word>) -> Bool {
    words.first.map { NamedPacket.Kind(rawValue: $0.text) != nil } ?? false
  }

  private static func packet(_ words: ArraySlice<Word>) throws(VectorFault) -> NamedPacket {
    guard let first = words.first, let kind = NamedPacket.Kind(rawValue: first.text) else {
      throw VectorFault("which packet?")
    }
    return try packet(kind, words.dropFirst())
  }

  private static func packet(
    _ kind: NamedPacket.Kind, _ words: ArraySlice<Word>
  ) throws(VectorFault) -> NamedPacket {
    NamedPacket(kind: kind, fields: try fields(words))
  }

  /// `name=value` words; a name alone has the value 1.
  static func fields(_ words: ArraySlice<Word>) throws(VectorFault) -> [NamedPacket.Field] {
    words.map { .init(name: $0.name ?? $0.text, value: $0.name == nil ? "1" : $0.value) }
  }

  /// Hex, `'text'` with two bytes of length before it, `"text"` bare, `[ … ]`, `%x`, and `*n` after a quote to repeat.
  private static func terms(_ words: ArraySlice<Word>) throws(VectorFault) -> [Vector.ByteTerm] {
    var stack: [[Vector.ByteTerm]] = [[]]
    for word in words {
      if word.quote == nil, word.text == "[" {
        stack.append([])
      } else if word.quote == nil, word.text == "]" {
        guard stack.count > 1, let inner = stack.popLast() else { throw VectorFault("] without [") }
        stack[stack.count - 1].append(.counted(inner))
      } else {
        stack[stack.count - 1].append(try term(word))
      }
    }
    guard stack.count == 1 else { throw VectorFault("[ without ]") }
    return stack[0]
  }

  private static func term(_ word: Word) throws(VectorFault) -> Vector.ByteTerm {
    switch word.quote {
    case "\"": return .bytes(Array(word.text.utf8))
    case "'":
      var writer = ByteWriter()
      writer.prefixed(Array(word.text.utf8))
      return .bytes(writer.bytes)
    default:
      if word.text.hasPrefix("%") { return .variable(String(word.text.dropFirst())) }
      return .bytes(try NamedPacket.bytes("0x" + word.text))
    }
  }
}
