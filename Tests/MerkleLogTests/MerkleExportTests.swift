import Crypto
import MerkleLog
import Testing

@Suite("An exported file")
struct MerkleExportTests {
  static let hash = ReferenceTree.hash
  static let secret: [UInt8] = Array("secret".utf8)
  static let origin = "example.org/log"

  /// A stand-in for a signature: what matters here is that it covers the bytes.
  static func sign(_ bytes: [UInt8]) -> [UInt8] {
    Array(HMAC<SHA256>.authenticationCode(for: bytes, using: SymmetricKey(data: secret)))
  }

  static func verify(_ signature: CheckpointSignature, _ bytes: [UInt8]) -> Bool? {
    guard signature.name == "tester", signature.keyID == [1, 2, 3, 4] else { return nil }
    return signature.bytes == sign(bytes)
  }

  static func signed(_ size: Int, _ root: MerkleDigest) throws -> SignedCheckpoint {
    let checkpoint = try Checkpoint(origin: origin, size: size, root: root, time: "2026-11-23T06:32:08Z")
    let signature = try CheckpointSignature(name: "tester", keyID: [1, 2, 3, 4], bytes: sign(checkpoint.signedBytes))
    return try SignedCheckpoint(checkpoint, signatures: [signature])
  }

  static func export(_ size: Int, leaves: [Int], since old: Int? = nil) throws -> MerkleExport {
    let entries = ReferenceTree.entries(size)
    let reader = MerkleReader(ReferenceTree.memory(entries), hash: hash)
    var growth: MerkleExport.Growth?
    if let old {
      growth = .init(
        since: try signed(old, try reader.root(size: old)), path: try reader.consistency(from: old, to: size).path)
    }
    return MerkleExport(
      hashName: hash.name, keys: [[9, 9]], checkpoint: try signed(size, try reader.root(size: size)), growth: growth,
      entries: try leaves.map { leaf in
        .init(
          leaf: leaf, bytes: entries[leaf], path: try reader.inclusion(of: leaf, size: size).path,
          attachments: leaf == 2 ? [Array("of two".utf8)] : [])
      })
  }

  @Test("is read as it was written, and proves itself")
  func whole() throws {
    for (size, leaves, old) in [(1, [0], nil), (7, [0, 2, 6], 3), (64, Array(0..<64), 64), (9, [], 1), (5, [4], 4)] {
      let export = try Self.export(size, leaves: leaves, since: old)
      let read = try MerkleExport(text: export.text)
      #expect(read == export)
      #expect(read.text == export.text)
      #expect(try read.verify(hash: Self.hash, Self.verify) == ["tester"])
    }
  }

  @Test("fails when any byte of it is changed, but those it says are not proved")
  func changed() throws {
    let export = try Self.export(7, leaves: [0, 2, 6], since: 3)
    let bytes = Array(export.text.utf8)
    for offset in bytes.indices {
      for change: UInt8 in [1, 2, 32, 128] {
        var other = bytes
        other[offset] ^= change
        guard let text = String(validating: other, as: UTF8.self) else { continue }
        do throws(MerkleError) {
          let read = try MerkleExport(text: text)
          try read.verify(hash: Self.hash, Self.verify)
          // The key is there for information, and an attachment is proved by its maker, not by the tree.
          let isNotProved =
            read.keys != export.keys || read.entries.map(\.attachments) != export.entries.map(\.attachments)
          #expect(isNotProved, "byte \(offset) changed by \(change)")
        } catch {}
      }
    }
  }

  @Test("fails when it is cut or lengthened anywhere")
  func cut() throws {
    let text = try Self.export(7, leaves: [0, 2, 6], since: 3).text
    for length in 0..<text.utf8.count {
      let cut = String(decoding: text.utf8.prefix(length), as: UTF8.self)
      #expect(throws: MerkleError.self) { try MerkleExport(text: cut) }
    }
    #expect(throws: MerkleError.self) { try MerkleExport(text: text + "\n") }
    #expect(throws: MerkleError.self) { try MerkleExport(text: text + "entry") }
    #expect(throws: MerkleError.self) { try MerkleExport(text: text.replacing("\n", with: "\r\n")) }
  }

  @Test("fails with another log's older checkpoint, or one that this log never had")
  func forked() throws {
    let export = try Self.export(7, leaves: [0], since: 3)
    let growth = try #require(export.growth)
    let other = MerkleHash(name: "SHA-256") { bytes in Array(SHA256.hash(data: bytes + [1])) }
    let forged = try Self.signed(3, other.leaf([1]))
    let forked = MerkleExport(
      hashName: export.hashName, checkpoint: export.checkpoint,
      growth: .init(since: forged, path: growth.path), entries: export.entries)
    #expect(throws: MerkleError.notConsistent) { try forked.verify(hash: Self.hash, Self.verify) }
  }

  @Test("fails when it is signed by a key that is not known, and when no hash is told")
  func unknown() throws {
    let export = try Self.export(7, leaves: [0])
    #expect(throws: MerkleError.signature) { try export.verify(hash: Self.hash) { _, _ in nil } }
    #expect(throws: MerkleError.signature) { try export.verify(hash: Self.hash) { _, _ in false } }
    let other = MerkleHash(name: "SM3") { bytes in Array(SHA256.hash(data: bytes)) }
    #expect(throws: MerkleError.self) { try export.verify(hash: other, Self.verify) }
  }

  @Test("with more than the limits is refused before it is kept")
  func limits() throws {
    let export = try Self.export(7, leaves: [2])
    let entry = try #require(export.entries.first)
    let digest = try #require(entry.path.first)
    func with(path: [MerkleDigest], bytes: [UInt8] = [], attachments: [[UInt8]] = []) -> String {
      MerkleExport(
        hashName: export.hashName, checkpoint: export.checkpoint,
        entries: [.init(leaf: 2, bytes: bytes, path: path, attachments: attachments)]
      ).text
    }
    #expect(throws: MerkleError.tooLarge("path")) {
      try MerkleExport(text: with(path: .init(repeating: digest, count: MerkleLimits.pathMax + 1)))
    }
    #expect(throws: MerkleError.tooLarge("entry")) {
      try MerkleExport(text: with(path: [], bytes: .init(repeating: 1, count: MerkleLimits.entryBytesMax + 1)))
    }
    #expect(throws: MerkleError.tooLarge("with")) {
      let many = [[UInt8]](repeating: [1], count: MerkleExport.attachmentsMax + 1)
      _ = try MerkleExport(text: with(path: [], attachments: many))
    }
  }
}

@Suite("A checkpoint")
struct CheckpointTests {
  @Test("has one text, which is read back")
  func text() throws {
    let root = try #require(MerkleDigest(bytes: [UInt8](repeating: 0xab, count: 32)))
    let signed = try MerkleExportTests.signed(1_284, root)
    #expect(
      signed.checkpoint.text == """
        example.org/log
        1284
        q6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s=
        time 2026-11-23T06:32:08Z

        """)
    #expect(try SignedCheckpoint(text: signed.text) == signed)
    #expect(try signed.require(MerkleExportTests.verify) == ["tester"])
  }

  @Test("of another form is refused")
  func refused() throws {
    let root = try #require(MerkleDigest(bytes: [UInt8](repeating: 0xab, count: 32)))
    let text = try MerkleExportTests.signed(1_284, root).text
    let changes = [
      ("1284", "01284"), ("1284", "+1284"), ("1284", "１２８４"), ("1284", "9999999999999999999"), ("time ", "Time "),
      ("example.org/log", ""), ("example.org/log", " example"), ("example.org/log", "a\u{7f}b"), ("s=\n", "t=\n"),
      ("\n\n", "\n"), ("— tester", "- tester"), ("— tester ", "— te ster "), ("2026", "20\r\n26"),
    ]
    for (old, new) in changes {
      let changed = text.replacing(old, with: new, maxReplacements: 1)
      #expect(changed != text)
      #expect(throws: MerkleError.self, "\(new)") { try SignedCheckpoint(text: changed) }
    }
    #expect(throws: MerkleError.self) { try Checkpoint(origin: "a\nb", size: 1, root: root, time: "t") }
    #expect(throws: MerkleError.sizeInvalid) { try Checkpoint(origin: "a", size: -1, root: root, time: "t") }
  }
}
