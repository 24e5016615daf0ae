extension MerkleExport {
  private static let firstLine = "merkle-export 1"

  /// The file's text.
  public var text: String {
    var lines = [Self.firstLine, "hash \(hashName)"]
    lines += keys.map { "key \(Base64Text.encode($0))" }
    lines.append("checkpoint \(Base64Text.encode(Array(checkpoint.text.utf8)))")
    if let growth {
      lines.append("since \(Base64Text.encode(Array(growth.since.text.utf8)))")
      lines.append("grew \(Self.encode(growth.path))")
    }
    for entry in entries {
      lines.append("entry \(entry.leaf) \(Base64Text.encode(entry.bytes))")
      lines.append("path \(Self.encode(entry.path))")
      lines += entry.attachments.map { "with \(Base64Text.encode($0))" }
    }
    lines.append("end \(entries.count)\n")
    return lines.joined(separator: "\n")
  }

  /// Reads the text that `text` gives, and nothing else.
  ///
  /// - Throws: `.malformed`, `.tooLarge`, `.sizeInvalid`.
  public init(text: String) throws(MerkleError) {
    guard text.utf8.count <= Self.byteCountMax else { throw .tooLarge("file") }
    var lines = Lines(text)
    guard lines.next() == Self.firstLine[...] else { throw .malformed(Self.firstLine) }
    let hashName = String(try lines.take("hash"))
    guard LineText.isWord(hashName, bytesMax: 32) else { throw .malformed("hash") }
    let keys = try lines.takeAll("key")
    let checkpoint = try Self.checkpoint(try lines.take("checkpoint"))
    var growth: Growth?
    if let since = lines.takeIfThere("since") {
      growth = Growth(since: try Self.checkpoint(since), path: try Self.path(try lines.take("grew")))
    }
    var entries: [Entry] = []
    while let line = lines.takeIfThere("entry") {
      guard entries.count < Self.entriesMax else { throw .tooLarge("entries") }
      let entry = try Self.entry(line, &lines)
      if let last = entries.last, last.leaf >= entry.leaf { throw .malformed("entries in order") }
      entries.append(entry)
    }
    let count = try DecimalText.decode(try lines.take("end"), max: Self.entriesMax, "end")
    guard count == entries.count, lines.next() == "", lines.next() == nil else { throw .malformed("end") }
    self.init(hashName: hashName, keys: keys, checkpoint: checkpoint, growth: growth, entries: entries)
  }

  private static func entry(_ line: Substring, _ lines: inout Lines) throws(MerkleError) -> Entry {
    let words = line.split(separator: " ", omittingEmptySubsequences: false)
    guard words.count == 2 else { throw .malformed("entry") }
    let leaf = try DecimalText.decode(words[0], max: MerkleLimits.sizeMax, "leaf")
    guard words[1].utf8.count <= MerkleLimits.entryBytesMax * 2 else { throw .tooLarge("entry") }
    let bytes = try Base64Text.decode(words[1], "entry")
    guard bytes.count <= MerkleLimits.entryBytesMax else { throw .tooLarge("entry") }
    return Entry(
      leaf: leaf, bytes: bytes, path: try path(try lines.take("path")), attachments: try lines.takeAll("with"))
  }

  private static func checkpoint(_ text: Substring) throws(MerkleError) -> SignedCheckpoint {
    guard text.utf8.count <= SignedCheckpoint.byteCountMax * 2 else { throw .tooLarge("checkpoint") }
    let bytes = try Base64Text.decode(text, "checkpoint")
    guard let text = String(validating: bytes, as: UTF8.self) else { throw .malformed("checkpoint") }
    return try SignedCheckpoint(text: text)
  }

  private static func encode(_ path: [MerkleDigest]) -> String {
    path.isEmpty ? "-" : Base64Text.encode(path.flatMap(\.bytes))
  }

  private static func path(_ text: Substring) throws(MerkleError) -> [MerkleDigest] {
    if text == "-" { return [] }
    guard text.utf8.count <= MerkleLimits.pathMax * MerkleDigest.byteCount * 2 else { throw .tooLarge("path") }
    let bytes = try Base64Text.decode(text, "path")
    guard !bytes.isEmpty, bytes.count % MerkleDigest.byteCount == 0 else { throw .malformed("path") }
    let path = stride(from: 0, to: bytes.count, by: MerkleDigest.byteCount).compactMap { start in
      MerkleDigest(bytes: bytes[start..<(start + MerkleDigest.byteCount)])
    }
    guard path.count <= MerkleLimits.pathMax else { throw .tooLarge("path") }
    return path
  }
}

/// The lines of a file, one after the other.
private struct Lines {
  private var rest: Substring?

  init(_ text: String) {
    rest = text[...]
  }

  mutating func next() -> Substring? {
    guard let text = rest else { return nil }
    // By bytes: a character made of several must not hide a line feed.
    guard let end = text.utf8.firstIndex(of: 10) else {
      rest = nil
      return text
    }
    rest = text[text.utf8.index(after: end)...]
    return text[..<end]
  }

  /// The value of the next line, which must begin with this word.
  mutating func take(_ word: String) throws(MerkleError) -> Substring {
    guard let value = takeIfThere(word) else { throw .malformed(word) }
    return value
  }

  mutating func takeIfThere(_ word: String) -> Substring? {
    var ahead = self
    guard let line = ahead.next(), line.hasPrefix(word), line.dropFirst(word.count).first == " " else { return nil }
    self = ahead
    return line.dropFirst(word.count + 1)
  }

  /// The values of all lines that come next and begin with this word.
  mutating func takeAll(_ word: String) throws(MerkleError) -> [[UInt8]] {
    var values: [[UInt8]] = []
    while let text = takeIfThere(word) {
      guard values.count < MerkleExport.attachmentsMax, text.utf8.count <= MerkleExport.attachmentBytesMax * 2 else {
        throw .tooLarge(word)
      }
      values.append(try Base64Text.decode(text, word))
    }
    return values
  }
}
