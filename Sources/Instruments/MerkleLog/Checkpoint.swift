/// What a log says of itself at one moment: whose it is, how many entries it has, and the root that holds them all.
///
/// Its text is what is signed; it follows the checkpoint form of the transparency-log ecosystem:
///
/// ```
/// anju/audit/0193…            origin
/// 1284                        size
/// q83vEj…=                    root, base64
/// time 2026-11-23T06:32:08Z   when
/// ```
public struct Checkpoint: Sendable, Hashable {
  /// The most bytes of an origin.
  public static let originBytesMax = 200
  /// The most bytes of the time's text.
  public static let timeBytesMax = 64

  /// Whose log: one line, the same in every checkpoint of the log.
  public let origin: String
  /// How many entries.
  public let size: Int
  public let root: MerkleDigest
  /// When it was made, as its maker's clock says: one line.
  public let time: String

  /// - Throws: `.malformed` when the origin or the time is not one printable line within its limit; `.sizeInvalid`.
  public init(origin: String, size: Int, root: MerkleDigest, time: String) throws(MerkleError) {
    guard LineText.isLine(origin, bytesMax: Self.originBytesMax) else { throw .malformed("origin") }
    guard LineText.isLine(time, bytesMax: Self.timeBytesMax) else { throw .malformed("time") }
    guard (0...MerkleLimits.sizeMax).contains(size) else { throw .sizeInvalid }
    self.origin = origin
    self.size = size
    self.root = root
    self.time = time
  }

  /// The text that is signed; ends with a line feed.
  public var text: String {
    "\(origin)\n\(size)\n\(Base64Text.encode(root.bytes))\ntime \(time)\n"
  }

  /// The bytes that are signed.
  public var signedBytes: [UInt8] { Array(text.utf8) }
}

/// One signature under a checkpoint.
public struct CheckpointSignature: Sendable, Hashable {
  /// Bytes of a key's id.
  public static let keyIDByteCount = 4
  /// The most bytes of a key's name.
  public static let nameBytesMax = 100
  /// The most bytes of a signature.
  public static let byteCountMax = 512

  /// The key's name: one word.
  public let name: String
  /// Tells keys of one name apart.
  public let keyID: [UInt8]
  public let bytes: [UInt8]

  /// - Throws: `.malformed` when the name is not one printable word, or a length is wrong.
  public init(name: String, keyID: [UInt8], bytes: [UInt8]) throws(MerkleError) {
    guard LineText.isWord(name, bytesMax: Self.nameBytesMax) else { throw .malformed("key name") }
    guard keyID.count == Self.keyIDByteCount else { throw .malformed("key id") }
    guard (1...Self.byteCountMax).contains(bytes.count) else { throw .malformed("signature") }
    self.name = name
    self.keyID = keyID
    self.bytes = bytes
  }
}

/// A checkpoint with its signatures, as one text: the checkpoint's, an empty line, and a line for each signature:
/// `— name base64(key id ‖ signature)`.
///
/// - Source: the signed-note form of C2SP; the algorithm of the signature is its maker's.
public struct SignedCheckpoint: Sendable, Hashable {
  /// The most bytes of the text.
  public static let byteCountMax = 8_192
  /// The most signatures of one.
  public static let signaturesMax = 8

  public let checkpoint: Checkpoint
  public let signatures: [CheckpointSignature]

  /// - Throws: `.malformed` unless there are 1 to `signaturesMax` signatures.
  public init(_ checkpoint: Checkpoint, signatures: [CheckpointSignature]) throws(MerkleError) {
    guard (1...Self.signaturesMax).contains(signatures.count) else { throw .malformed("signatures") }
    self.checkpoint = checkpoint
    self.signatures = signatures
  }

  /// The whole text; ends with a line feed.
  public var text: String {
    checkpoint.text + "\n"
      + signatures.map { "— \($0.name) \(Base64Text.encode($0.keyID + $0.bytes))\n" }.joined()
  }

  /// Reads the text that `text` gives, and nothing else.
  ///
  /// - Throws: `.malformed`, `.tooLarge`, `.sizeInvalid`.
  public init(text: String) throws(MerkleError) {
    guard text.utf8.count <= Self.byteCountMax else { throw .tooLarge("checkpoint") }
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    guard lines.count >= 7, lines[4].isEmpty, lines.last?.isEmpty == true, lines[3].hasPrefix("time ") else {
      throw .malformed("checkpoint")
    }
    let checkpoint = try Checkpoint(
      origin: String(lines[0]), size: try DecimalText.decode(lines[1], max: MerkleLimits.sizeMax, "size"),
      root: try Base64Text.digest(lines[2], "root"), time: String(lines[3].dropFirst(5)))
    guard lines.count - 6 <= Self.signaturesMax else { throw .tooLarge("signatures") }
    var signatures: [CheckpointSignature] = []
    for line in lines[5..<(lines.count - 1)] { signatures.append(try Self.signature(line)) }
    try self.init(checkpoint, signatures: signatures)
  }

  private static func signature(_ line: Substring) throws(MerkleError) -> CheckpointSignature {
    let words = line.split(separator: " ", omittingEmptySubsequences: false)
    guard words.count == 3, words[0] == "—" else { throw .malformed("signature line") }
    let bytes = try Base64Text.decode(words[2], "signature")
    guard bytes.count > CheckpointSignature.keyIDByteCount else { throw .malformed("signature") }
    return try CheckpointSignature(
      name: String(words[1]), keyID: Array(bytes.prefix(CheckpointSignature.keyIDByteCount)),
      bytes: Array(bytes.dropFirst(CheckpointSignature.keyIDByteCount)))
  }

  /// Checks every signature by a key that is known to the verifier; others are not looked at.
  ///
  /// - Parameter verify: whether the signature is the known key's over these bytes; nil for a key it does not know.
  /// - Returns: the names of the keys that signed.
  /// - Throws: `.signature` when one of a known key is wrong, or when no key is known.
  @discardableResult
  public func require(
    _ verify: (_ signature: CheckpointSignature, _ signedBytes: [UInt8]) -> Bool?
  ) throws(MerkleError) -> [String] {
    let bytes = checkpoint.signedBytes
    var names: [String] = []
    for signature in signatures {
      guard let isRight = verify(signature, bytes) else { continue }
      guard isRight else { throw .signature }
      names.append(signature.name)
    }
    guard !names.isEmpty else { throw .signature }
    return names
  }
}
