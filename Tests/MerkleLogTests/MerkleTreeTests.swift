import MerkleLog
import Testing

@Suite("A Merkle log")
struct MerkleTreeTests {
  static let hash = ReferenceTree.hash
  static let entries = ReferenceTree.entries(200)

  /// The entries and roots that implementations of certificate transparency are tested with.
  static let published: [(entry: [UInt8], root: String)] = [
    ([], "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"),
    ([0x00], "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"),
    ([0x10], "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"),
    ([0x20, 0x21], "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"),
    ([0x30, 0x31], "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4"),
    ([0x40, 0x41, 0x42, 0x43], "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef"),
    (
      [0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57],
      "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"
    ),
    (Array(0x60...0x6f), "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"),
  ]

  @Test("has the roots that are published for SHA-256")
  func roots() throws {
    var memory = MerkleMemory(hash: Self.hash)
    #expect(
      try MerkleReader(memory, hash: Self.hash).root(size: 0).description
        == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    for (entry, root) in Self.published {
      memory.append(entry)
      #expect(try MerkleReader(memory, hash: Self.hash).root(size: memory.size).description == root)
    }
    #expect(
      try MerkleReader(memory, hash: Self.hash).inclusion(of: 5, size: 8).path.map(\.description) == [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
      ])
  }

  @Test("has the reference's root at every size, grown or read again")
  func grown() throws {
    var frontier = MerkleFrontier()
    let memory = ReferenceTree.memory(Self.entries)
    let reader = MerkleReader(memory, hash: Self.hash)
    for size in 0...Self.entries.count {
      let expected = ReferenceTree.root(Self.entries[..<size])
      #expect(frontier.root(hash: Self.hash).bytes == expected)
      #expect(try reader.root(size: size).bytes == expected)
      #expect(try MerkleFrontier(size: size, of: memory) == frontier)
      if size < Self.entries.count { _ = frontier.append(Self.hash.leaf(Self.entries[size]), hash: Self.hash) }
    }
  }

  /// All places up to 40 entries, then some.
  static func places(_ size: Int) -> [Int] {
    size <= 40 ? Array(0..<size) : [0, 1, size / 3, size / 2, size - 2, size - 1]
  }

  @Test("proves every entry with the reference's path, at every size")
  func inclusion() throws {
    let reader = MerkleReader(ReferenceTree.memory(Self.entries), hash: Self.hash)
    for size in 1...Self.entries.count {
      let root = try reader.root(size: size)
      for leaf in Self.places(size) {
        let proof = try reader.inclusion(of: leaf, size: size)
        #expect(proof.path.map(\.bytes) == ReferenceTree.path(leaf, Self.entries[..<size]))
        #expect(proof.proves(Self.hash.leaf(Self.entries[leaf]), root: root, hash: Self.hash))
        #expect(!proof.proves(Self.hash.leaf([1]), root: root, hash: Self.hash))
      }
    }
  }

  @Test("proves its growth with the reference's path, from every size to every size")
  func consistency() throws {
    let reader = MerkleReader(ReferenceTree.memory(Self.entries), hash: Self.hash)
    for size in 1...Self.entries.count {
      let newer = try reader.root(size: size)
      for old in Self.places(size) + [size] {
        let older = try reader.root(size: old)
        let proof = try reader.consistency(from: old, to: size)
        if old > 0 { #expect(proof.path.map(\.bytes) == ReferenceTree.growth(old, Self.entries[..<size])) }
        #expect(proof.proves(older: older, newer: newer, hash: Self.hash))
        #expect(old == size || !proof.proves(older: newer, newer: newer, hash: Self.hash))
      }
    }
  }

  @Test("reads a number of hashes for a proof that grows with the logarithm of its size")
  func reads() throws {
    let size = 100_000
    let counting = Counting(digest: try #require(MerkleDigest(bytes: [UInt8](repeating: 7, count: 32))))
    let reader = MerkleReader(counting, hash: Self.hash)
    for leaf in [0, 1, 4_711, 65_535, 65_536, 99_998, 99_999] {
      counting.count = 0
      _ = try reader.inclusion(of: leaf, size: size)
      #expect(counting.count <= 2 * 17)
      counting.count = 0
      _ = try reader.consistency(from: leaf + 1, to: size)
      #expect(counting.count <= 3 * 17)
    }
  }

  /// Counts what is read; every hash is the same.
  final class Counting: MerkleNodes {
    let digest: MerkleDigest
    var count = 0

    init(digest: MerkleDigest) { self.digest = digest }

    func digest(at place: MerklePlace) -> MerkleDigest? {
      count += 1
      return digest
    }
  }

  @Test("refuses sizes and places that it does not have")
  func refused() {
    let reader = MerkleReader(ReferenceTree.memory(ReferenceTree.entries(5)), hash: Self.hash)
    #expect(throws: MerkleError.leafInvalid) { try reader.inclusion(of: 5, size: 5) }
    #expect(throws: MerkleError.leafInvalid) { try reader.inclusion(of: -1, size: 5) }
    #expect(throws: MerkleError.sizeInvalid) { try reader.inclusion(of: 0, size: .max) }
    #expect(throws: MerkleError.sizeInvalid) { try reader.consistency(from: 6, to: 5) }
    #expect(throws: MerkleError.sizeInvalid) { try reader.root(size: -1) }
    #expect(throws: MerkleError.missing(MerklePlace(level: 1, position: 2))) { try reader.root(size: 6) }
  }
}

@Suite("A changed proof")
struct ChangedProofTests {
  static let hash = ReferenceTree.hash
  /// Complete, ragged, and in between.
  static let sizes = [1, 2, 3, 5, 7, 8, 13]
  static let sizeMax = 13

  /// A path with one byte changed, each byte in turn; one hash too few, one too many, two exchanged.
  static func changes(_ path: [MerkleDigest]) -> [[MerkleDigest]] {
    var changed: [[MerkleDigest]] = []
    for (index, digest) in path.enumerated() {
      for offset in 0..<MerkleDigest.byteCount {
        var bytes = digest.bytes
        bytes[offset] ^= UInt8(1 << (offset % 8))
        guard let other = MerkleDigest(bytes: bytes) else { continue }
        changed.append(Array(path.prefix(index)) + [other] + Array(path.dropFirst(index + 1)))
      }
      changed.append(Array(path.prefix(index)) + Array(path.dropFirst(index + 1)))
      changed.append(Array(path.prefix(index)) + [digest] + Array(path.dropFirst(index)))
    }
    if path.count > 1 { changed.append(path.reversed()) }
    return changed.filter { $0 != path }
  }

  @Test("of an entry fails, whichever byte, place or length is changed")
  func inclusion() throws {
    let entries = ReferenceTree.entries(Self.sizeMax)
    let reader = MerkleReader(ReferenceTree.memory(entries), hash: Self.hash)
    for size in Self.sizes {
      let root = try reader.root(size: size)
      for leaf in 0..<size {
        let proof = try reader.inclusion(of: leaf, size: size)
        let digest = Self.hash.leaf(entries[leaf])
        for path in Self.changes(proof.path) {
          let changed = InclusionProof(leaf: leaf, size: size, path: path)
          #expect(!changed.proves(digest, root: root, hash: Self.hash))
        }
        for other in -1...size where other != leaf {
          let moved = InclusionProof(leaf: other, size: size, path: proof.path)
          #expect(!moved.proves(digest, root: root, hash: Self.hash))
        }
      }
    }
  }

  @Test("of growth fails, whichever byte or length is changed")
  func consistency() throws {
    let entries = ReferenceTree.entries(Self.sizeMax)
    let reader = MerkleReader(ReferenceTree.memory(entries), hash: Self.hash)
    for size in Self.sizes.dropFirst() {
      let newer = try reader.root(size: size)
      for old in 1..<size {
        let older = try reader.root(size: old)
        let proof = try reader.consistency(from: old, to: size)
        for path in Self.changes(proof.path) {
          let changed = ConsistencyProof(old: old, size: size, path: path)
          #expect(!changed.proves(older: older, newer: newer, hash: Self.hash), "\(old) to \(size)")
        }
        #expect(!proof.proves(older: newer, newer: older, hash: Self.hash))
      }
    }
  }

  @Test("that never ends or names no size is refused")
  func hostile() throws {
    let digest = try #require(MerkleDigest(bytes: [UInt8](repeating: 1, count: 32)))
    let long = [MerkleDigest](repeating: digest, count: 1_000)
    for size in [Int.min, -1, 0, 1, 2, Int.max] {
      for leaf in [Int.min, -1, 0, 1, Int.max] {
        let inclusion = InclusionProof(leaf: leaf, size: size, path: long)
        #expect(!inclusion.proves(digest, root: digest, hash: Self.hash))
        let consistency = ConsistencyProof(old: leaf, size: size, path: long)
        #expect(!consistency.proves(older: digest, newer: digest, hash: Self.hash))
      }
    }
  }
}
