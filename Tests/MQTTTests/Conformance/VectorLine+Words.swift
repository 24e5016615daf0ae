extension VectorLine {
  /// A word of a line: bare, `"quoted"`, `'quoted'`, or `name="quoted"`.
  struct Word {
    /// The whole word without quotes and escapes.
    var text = ""
    /// What stands before the first bare `=`, if any.
    var name: String?
    /// What stands after it.
    var value = ""
    /// The quote that the word begins with.
    var quote: Character?
  }

  /// Splits at blanks outside quotes. Quoted text knows `\x41`, `\u{feff}`, `\\`, `\"`; `"x"*70000` repeats.
  static func words(_ row: String) throws(VectorFault) -> [Word] {
    var scanner = WordScanner(row)
    var words: [Word] = []
    while let word = try scanner.next() { words.append(word) }
    guard !words.isEmpty else { throw VectorFault("an empty line") }
    return words
  }
}

/// Goes through a line character by character.
private struct WordScanner {
  private let characters: [Character]
  private var at = 0

  init(_ row: String) { characters = Array(row) }

  private var current: Character? { at < characters.count ? characters[at] : nil }

  mutating func next() throws(VectorFault) -> VectorLine.Word? {
    while current == " " { at += 1 }
    guard let first = current else { return nil }
    var word = VectorLine.Word()
    if first == "\"" || first == "'" { word.quote = first }
    while let character = current, character != " " {
      if character == "\"" || character == "'" {
        append(try quoted(character), to: &word)
      } else {
        at += 1
        if character == "=", word.name == nil, word.quote == nil {
          word.name = word.text
          word.text.append(character)
        } else {
          append(String(character), to: &word)
        }
      }
    }
    return word
  }

  private func append(_ piece: String, to word: inout VectorLine.Word) {
    word.text += piece
    if word.name != nil { word.value += piece }
  }

  private mutating func quoted(_ quote: Character) throws(VectorFault) -> String {
    at += 1
    var text = ""
    while let character = current, character != quote {
      at += 1
      text += character == "\\" ? try escape() : String(character)
    }
    guard current == quote else { throw VectorFault("a quote without its end") }
    at += 1
    guard current == "*" else { return text }
    at += 1
    var digits = ""
    while let digit = current, digit.isNumber {
      digits.append(digit)
      at += 1
    }
    guard let count = Int(digits), count <= 1_000_000 else { throw VectorFault("repeat how often?") }
    return String(repeating: text, count: count)
  }

  private mutating func escape() throws(VectorFault) -> String {
    guard let kind = current else { throw VectorFault("an escape without its end") }
    at += 1
    switch kind {
    case "\\", "\"", "'": return String(kind)
    case "u":
      guard current == "{" else { throw VectorFault("\\u{…}") }
      at += 1
      var digits = ""
      while let digit = current, digit != "}" {
        digits.append(digit)
        at += 1
      }
      at += 1
      guard let number = UInt32(digits, radix: 16), let scalar = Unicode.Scalar(number) else {
        throw VectorFault("no character: \(digits)")
      }
      return String(Character(scalar))
    default: throw VectorFault("unknown escape \\\(kind)")
    }
  }
}
