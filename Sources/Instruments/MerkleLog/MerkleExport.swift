/// Entries of a log that can be proved without it: a signed checkpoint, each entry with its place and path, and, where
/// an older checkpoint is known, the proof that the log only grew since.
///
/// The file is text, a word and its values a line; every number and every base64 value has exactly one form:
///
/// ```
/// merkle-export 1
/// hash SM3
/// key BG1… (zero or more: the maker's public key, for information)
/// checkpoint YW5qdS9…   (the signed text)
/// since YW5qdS9…        (an older signed text)
/// grew q83v…            (the consistency path; with `since` only)
/// entry 17 eyJhdCI6…    (leaf, bytes)
/// path q83v…            (inclusion path)
/// with bmFtZ…           (zero or more: what its maker adds to the entry; not proved by the tree)
/// end 1                 (how many entries)
/// ```
public struct MerkleExport: Sendable, Hashable {
  /// The most bytes of a file.
  public static let byteCountMax = 64 << 20
  /// The most entries of a file.
  public static let entriesMax = 100_000
  /// The most attachments of an entry, and keys of a file.
  public static let attachmentsMax = 64
  /// The most bytes of an attachment or key.
  public static let attachmentBytesMax = 1 << 16

  /// One entry with its proof.
  public struct Entry: Sendable, Hashable {
    public let leaf: Int
    public let bytes: [UInt8]
    public let path: [MerkleDigest]
    /// What belongs to the entry but not to the log.
    public let attachments: [[UInt8]]

    public init(leaf: Int, bytes: [UInt8], path: [MerkleDigest], attachments: [[UInt8]] = []) {
      self.leaf = leaf
      self.bytes = bytes
      self.path = path
      self.attachments = attachments
    }
  }

  /// An older checkpoint and the proof that the log began with it.
  public struct Growth: Sendable, Hashable {
    public let since: SignedCheckpoint
    public let path: [MerkleDigest]

    public init(since: SignedCheckpoint, path: [MerkleDigest]) {
      self.since = since
      self.path = path
    }
  }

  public let hashName: String
  public let keys: [[UInt8]]
  public let checkpoint: SignedCheckpoint
  public let growth: Growth?
  /// In the order of their leaves, each once.
  public let entries: [Entry]

  public init(
    hashName: String, keys: [[UInt8]] = [], checkpoint: SignedCheckpoint, growth: Growth? = nil, entries: [Entry]
  ) {
    self.hashName = hashName
    self.keys = keys
    self.checkpoint = checkpoint
    self.growth = growth
    self.entries = entries
  }

  /// Checks everything in it: signatures, origin, every path, the growth.
  ///
  /// - Parameter verify: as `SignedCheckpoint.require`.
  /// - Returns: the names of the keys that signed the checkpoint.
  /// - Throws: the first thing that is wrong.
  @discardableResult
  public func verify(
    hash: MerkleHash, _ verify: (_ signature: CheckpointSignature, _ signedBytes: [UInt8]) -> Bool?
  ) throws(MerkleError) -> [String] {
    guard hashName == hash.name else { throw .malformed("hash \(hash.name)") }
    let names = try checkpoint.require(verify)
    let newest = checkpoint.checkpoint
    if let growth {
      try growth.since.require(verify)
      let older = growth.since.checkpoint
      guard older.origin == newest.origin else { throw .notConsistent }
      let proof = ConsistencyProof(old: older.size, size: newest.size, path: growth.path)
      guard proof.proves(older: older.root, newer: newest.root, hash: hash) else { throw .notConsistent }
    }
    for entry in entries {
      let proof = InclusionProof(leaf: entry.leaf, size: newest.size, path: entry.path)
      guard proof.proves(hash.leaf(entry.bytes), root: newest.root, hash: hash) else {
        throw .notIncluded(leaf: entry.leaf)
      }
    }
    return names
  }
}
